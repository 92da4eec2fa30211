"""Runs a command of ours with the settings of a deployed stage, by the rights of whoever runs it.

    python -m infra.operate dev berth_local.restored
    python -m infra.operate dev berth_local.organisation list

The settings are those in `.chalice/config.json`; the secrets come from the parameter store as in a function.
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.package import RUN_FROM
from infra.stage import AUTHORITY, FOLDER

COMMANDS = ("berth_local.restored", "berth_local.organisation")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it; its own code, or 2 when there is no such stage or command."""
    parser = argparse.ArgumentParser(prog="python -m infra.operate")
    parser.add_argument("--folder", type=Path, default=FOLDER, help=".chalice of the deployment")
    parser.add_argument("stage")
    parser.add_argument("command", choices=COMMANDS)
    parser.add_argument("words", nargs=argparse.REMAINDER)
    asked = parser.parse_args(arguments)
    path = asked.folder / "config.json"
    stages = json.loads(path.read_text(encoding="utf-8"))["stages"]
    if asked.stage not in stages:
        print(f"error: {path} has no stage {asked.stage}", file=sys.stderr)
        return 2
    settings = stages[asked.stage]["environment_variables"]
    vendored = str(path.parents[1] / AUTHORITY.parent)  # what the package has at its root
    here = {name: value.replace(RUN_FROM, vendored) for name, value in settings.items()}
    command = [sys.executable, "-m", asked.command, *asked.words]
    return subprocess.run(command, env=os.environ | here, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
