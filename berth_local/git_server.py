"""Repositories over HTTPS on this machine: ``git http-backend`` behind a small threaded server."""

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self

from berth_local.authority import Certificate


class GitServer:
    """Serves the bare repositories below a folder, read-only, for the life of the context."""

    def __init__(self, folder: Path, address: tuple[str, int], certificate: Certificate) -> None:
        handler = type("Handler", (_Handler,), {"folder": folder})
        self._server = ThreadingHTTPServer(address, handler)
        self._server.socket = certificate.server_context().wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    """Hands each request to git as CGI (RFC 3875) and its answer back."""

    folder: Path
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        path, _, query = self.path.partition("?")
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        environment = {
            "PATH": os.environ["PATH"],
            "GIT_PROJECT_ROOT": str(self.folder),
            "GIT_HTTP_EXPORT_ALL": "1",
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "REQUEST_METHOD": self.command,
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": str(len(body)),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        # A failure is told in git's own answer.
        done = subprocess.run(
            ["git", "http-backend"], input=body, env=environment, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        headers = dict(line.split(": ", 1) for line in head.decode().splitlines())
        self.send_response(int(headers.pop("Status", "200").split()[0]))
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    do_POST = do_GET

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def publish(source: Path, bare: Path, branch: str = "main") -> str:
    """Make a bare repository with one commit of a folder's files on a branch, and return the commit."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(bare.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_DIR": str(bare),
        "GIT_WORK_TREE": str(source),
        "GIT_AUTHOR_NAME": "Berth",
        "GIT_AUTHOR_EMAIL": "berth@example.com",
        "GIT_COMMITTER_NAME": "Berth",
        "GIT_COMMITTER_EMAIL": "berth@example.com",
    }

    def git(*words: str) -> str:
        done = subprocess.run(
            ["git", *words], env=environment, cwd=source, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    bare.parent.mkdir(parents=True, exist_ok=True)
    git("init", "--quiet", f"--initial-branch={branch}")
    git("config", "core.bare", "false")
    git("add", "--all")
    git("commit", "--quiet", "--message", "Add the sample project")
    git("config", "core.bare", "true")
    return git("rev-parse", "HEAD")
