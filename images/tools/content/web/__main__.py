"""The web terminal's server: one page, one WebSocket, one tmux session that outlives both.

``python3 -I /.berth/web PORT``. It keeps no state: each WebSocket is one more client of the tmux session `main`,
so a page that is loaded again, or opened twice, shows the same shells.
"""

import asyncio
import logging
import os
import sys
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Any

from terminado import TermSocket, UniqueTermManager  # type: ignore[attr-defined]  # terminado names no exports
from tornado.web import Application, RequestHandler, StaticFileHandler

log = logging.getLogger("berth.terminal")

HERE = Path(__file__).resolve().parent
BUNDLE = HERE.parent
RUN = Path("/.berth-run")
EVERYWHERE = "0.0.0.0"  # noqa: S104 - a pod has one address, and the network policy admits the proxy alone
LOG_BYTES = 1_000_000
PING_SECONDS = 30.0
SAVED = "BERTH_IMAGE_"
"""`start` keeps what our programs must not see of the image's environment under this prefix."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; connect-src 'self'; img-src 'self' data:; "
        # xterm.js writes its cell sizes and colours into a style element of its own
        "style-src 'self' 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Server": "berth",
}
CONTENT_TYPES = {".css": "text/css", ".mjs": "text/javascript", ".svg": "image/svg+xml"}


class Page(RequestHandler):
    """The page itself, with the workspace's name as its title."""

    def set_default_headers(self) -> None:
        for name, value in HEADERS.items():
            self.set_header(name, value)

    def get(self) -> None:
        self.render("index.html", workspace=os.environ.get("BERTH_WORKSPACE_NAME") or "workspace")


class Health(Page):
    """``/healthz``: answers as long as the server does."""

    def get(self) -> None:
        self.set_header("Content-Type", "text/plain; charset=utf-8")
        self.write("ok\n")


class Static(StaticFileHandler):
    """Scripts and styles. The types are ours: the image's ``/etc/mime.types`` has no say."""

    def set_extra_headers(self, path: str) -> None:  # noqa: ARG002 - tornado's signature
        for name, value in HEADERS.items():
            self.set_header(name, value)
        self.set_header("Cache-Control", "no-cache")

    def get_content_type(self) -> str:
        return CONTENT_TYPES.get(Path(self.absolute_path or "").suffix, "application/octet-stream")


def shell_environment(environ: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """The environment for tmux, and what each of its shells gets back of the image's own."""
    saved = {
        name.removeprefix(SAVED): value for name, value in environ.items() if name.startswith(SAVED)
    }
    ours = {
        name: value
        for name, value in environ.items()
        if not name.startswith(SAVED) and name != "TMUX"
    }
    return ours, saved


def tmux_command(saved: dict[str, str], folder: Path) -> list[str]:
    """Attach to the session `main`, or make it."""
    tmux = [
        str(BUNDLE / "bin/tmux"),
        "-u",
        "-S",
        str(RUN / "tmux"),
        "-f",
        str(BUNDLE / "tmux.conf"),
    ]
    variables = [
        word for name, value in sorted(saved.items()) for word in ("-e", f"{name}={value}")
    ]
    return [*tmux, "new-session", "-A", "-s", "main", "-c", str(folder), *variables]


def application(manager: UniqueTermManager) -> Application:
    """The routes."""
    routes: list[Any] = [
        (r"/", Page),
        (r"/healthz", Health),
        (r"/ws", TermSocket, {"term_manager": manager}),
        (r"/static/(.*)", Static, {"path": str(HERE / "static")}),
    ]
    return Application(routes, template_path=str(HERE), websocket_ping_interval=PING_SECONDS)


def log_to_file(path: Path) -> None:
    """Log to a file that never grows beyond `LOG_BYTES` and one predecessor."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1)
    logging.getLogger("tornado.access").setLevel(logging.WARNING)  # probes would fill the log
    logging.basicConfig(
        level=logging.INFO,
        handlers=[handler],
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
    )


async def serve(port: int) -> None:
    """Serve until the process is told to end."""
    ours, saved = shell_environment(dict(os.environ))
    os.environ.clear()
    os.environ.update(ours)
    # terminado adds these for a bare shell; tmux would hand them on to every shell, stale after the first resize
    unwanted = {"COLUMNS": None, "LINES": None, "PYXTERM_DIMENSIONS": None}
    manager = UniqueTermManager(shell_command=tmux_command(saved, Path.cwd()), extra_env=unwanted)
    application(manager).listen(port, EVERYWHERE)
    log.info("web terminal on port %d in %s", port, Path.cwd())
    await asyncio.Event().wait()


if __name__ == "__main__":
    log_to_file(RUN / "log" / "terminal.log")
    asyncio.run(serve(int(sys.argv[1])))
