"""Checks the seams, puts in what is missing, and serves; MiniStack's own settings are in the environment."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

from berth_local.aws.launcher import (
    api_import,
    compression,
    conditions,
    functions,
    gateway_limits,
    key_integrity,
    metering,
    parameters,
    permissions,
    seams,
)
from berth_local.aws.launcher.sandbox import Parts


def main() -> int:
    """Serve until a signal; 2 when MiniStack is not the one that this launcher knows."""
    chosen = _parser().parse_args()
    if problems := list(seams.faults(seams.table())):
        sys.stderr.write("The launcher does not fit this version of MiniStack:\n")
        sys.stderr.writelines(f"- {problem}\n" for problem in problems)
        return 2
    api_import.install()
    permissions.install()
    # What is put on last is met first: a body is inflated before it is weighed.
    gateway_limits.install(chosen.gateway_seconds)
    compression.install()
    conditions.install()
    parameters.install()
    key_integrity.install()
    parts = Parts(chosen.runtime, chosen.interface, chosen.endpoint, chosen.folder)
    functions.install(parts)
    if chosen.ready_seconds is not None:
        seams.READY_SECONDS.replace(chosen.ready_seconds)
    if chosen.meter is not None:
        metering.install(chosen.meter)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    sys.argv = ["ministack"]
    seams.SERVE.value()
    return 0


def _end_with_parent() -> None:
    """Standard input ends when whoever started us does; sandboxes end with us."""
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGKILL)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m berth_local.aws.launcher", description="MiniStack with what it leaves out."
    )
    parser.add_argument("--runtime", type=Path, required=True, help="what becomes /var/runtime")
    parser.add_argument(
        "--interface", type=Path, required=True, help="AWS's Runtime Interface Emulator"
    )
    parser.add_argument("--endpoint", required=True, help="address at which functions find AWS")
    parser.add_argument("--folder", type=Path, required=True, help="for sandboxes, kept in none")
    parser.add_argument("--gateway-seconds", type=float, default=gateway_limits.SECONDS)
    parser.add_argument("--ready-seconds", type=float, help="until a changed function is active")
    parser.add_argument("--meter", type=Path, help="file that gets a line for all that is billed")
    return parser


if __name__ == "__main__":
    sys.exit(main())
