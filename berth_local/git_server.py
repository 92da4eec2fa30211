"""Repositories over HTTPS on this machine: ``git http-backend`` behind a small threaded server."""

import os
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, Self

from berth_local.authority import Certificate

_AUTHOR = {"NAME": "Berth", "EMAIL": "berth@example.com"}


class GitRequests(BaseHTTPRequestHandler):
    """Hands each request to git as CGI (RFC 3875) and its answer back."""

    folder: ClassVar[Path]
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        self.serve()

    def do_POST(self) -> None:
        self.do_GET()

    def serve(self) -> None:
        """Answer with what git says."""
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

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class GitServer:
    """Serves the repositories below a folder, read-only, for the life of the context.

    ``address`` is host and port; port 0 takes a free one.
    """

    def __init__(
        self,
        folder: Path,
        address: tuple[str, int],
        certificate: Certificate,
        requests: type[GitRequests] = GitRequests,
    ) -> None:
        self._server = _Server(address, type("Requests", (requests,), {"folder": folder}))
        self._server.socket = certificate.server_context().wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), daemon=True
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.server_port

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    def handle_error(self, *_: object) -> None:
        """A client that hangs up, as it does over a wrong certificate, is no news."""


def git(folder: Path, *words: str, stdin: str | None = None, **environment: str) -> str:
    """Return what git said in a folder, with no configuration but the repository's own.

    Raises CalledProcessError when it failed.
    """
    persons = {
        f"GIT_{who}_{what}": _AUTHOR[what] for who in ("AUTHOR", "COMMITTER") for what in _AUTHOR
    }
    done = subprocess.run(
        ["git", *words],
        cwd=folder,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            **persons,
            **environment,
        },
        input=stdin,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


def publish(source: Path, bare: Path, branch: str = "main") -> str:
    """Make a bare repository with one commit of a folder's files on a branch, and return the commit."""
    places = {"GIT_DIR": str(bare), "GIT_WORK_TREE": str(source), "HOME": str(bare.parent)}
    bare.parent.mkdir(parents=True, exist_ok=True)
    for words in (
        ("init", "--quiet", f"--initial-branch={branch}"),
        ("config", "core.bare", "false"),
        ("add", "--all"),
        ("commit", "--quiet", "--message", "Add the sample project"),
        ("config", "core.bare", "true"),
    ):
        git(source, *words, **places)
    return git(source, "rev-parse", "HEAD", **places)
