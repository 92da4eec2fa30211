"""A git server for the cloner: anybody's repositories, and some that want a credential."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from berth_local import git_server as local
from berth_local.authority import Authority


@dataclass(frozen=True)
class GitServer:
    """A running server; `root` holds repositories, `authority` is the PEM file to trust."""

    address: str
    root: Path
    authority: Path

    def git(self, *words: str) -> str:
        """Run git in the server's folder."""
        return local.git(self.root, *words)


class Requests(local.GitRequests):
    """What is below `/private/` is for nobody."""

    def do_GET(self) -> None:
        if self.path.startswith("/private/"):
            self.send_error(401)
        else:
            super().do_GET()


@contextlib.contextmanager
def git_server(folder: Path) -> Iterator[GitServer]:
    """A server on a free port, with a certificate of an authority made for it."""
    root = folder / "repositories"
    root.mkdir()
    authority = Authority(folder / "authority")
    certificate = authority.issue("localhost")
    with local.GitServer(root, ("127.0.0.1", 0), certificate, Requests) as server:
        yield GitServer(f"https://localhost:{server.port}", root, authority.certificate)
