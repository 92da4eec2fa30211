"""A git server that remembers what it was asked, and misbehaves when it is told to."""

from collections.abc import Callable
from pathlib import Path

from berth_local import git_server
from berth_local.authority import Certificate
from berth_local.git_server import GitRequests

Answer = Callable[[GitRequests], None]


class GitServer(git_server.GitServer):
    """``answer`` replaces git; ``requests`` are methods and paths."""

    def __init__(
        self, root: Path, certificate: Certificate, answer: Answer = GitRequests.serve
    ) -> None:
        self.requests: list[str] = []
        asked = self.requests

        class Requests(GitRequests):
            def do_GET(self) -> None:
                asked.append(f"{self.command} {self.path}")
                answer(self)

        super().__init__(root, ("127.0.0.1", 0), certificate, Requests)
