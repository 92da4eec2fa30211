"""``python -m berth_local``: the whole control plane in one process (docs/how-to/run-on-one-machine.md)."""

import argparse
import os
import signal
import sys
import threading
from pathlib import Path

import app as application
from berth_local.authority import Certificate
from berth_local.gateway import serve
from berth_local.schedule import Scheduler, triggers_of
from chalicelib import bootstrap
from chalicelib.settings import SettingsError


def main() -> int:
    """Serve until SIGTERM or SIGINT; 2 when the settings are wrong."""
    arguments = _parser().parse_args()
    os.environ.setdefault("BERTH_WAKER", "process")
    try:
        bootstrap.ports()
    except (SettingsError, ValueError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    tls = Certificate(arguments.certificate, arguments.key).server_context()
    server = serve(application.app, (arguments.address, arguments.port), tls)
    scheduler = Scheduler(triggers_of(application.app, application))
    # `shutdown` waits for the serving loop, so it cannot be called from a handler that interrupts it.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"listening on {arguments.address}:{arguments.port}\n")
    sys.stdout.flush()
    server.serve_forever()
    scheduler.stop()
    server.server_close()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m berth_local", description="Berth's control plane in one process."
    )
    parser.add_argument("--address", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8443, help="port to listen on")
    parser.add_argument(
        "--certificate", type=Path, required=True, help="PEM of the certificate chain"
    )
    parser.add_argument("--key", type=Path, required=True, help="PEM of its key")
    return parser


if __name__ == "__main__":
    sys.exit(main())
