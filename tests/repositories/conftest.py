"""A repository with the odd things that repositories hold, behind a real git server."""

import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import pytest

from berth_local.authority import Authority, trust
from berth_local.git_server import GitRequests, git
from chalicelib.adapters.repositories import GitRepositoryReader
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.ports.repositories import RepositoryFile
from tests.repositories.git_server import Answer, GitServer

HOST = "git.example.test"


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    """The certificate authority of the tests."""
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def trusting(authority: Authority) -> ssl.SSLContext:
    """What a reader that trusts the authority is given."""
    return trust(authority.certificate)


@pytest.fixture(scope="session")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the repositories ``app``, ``plain`` (no filters), ``empty`` and ``huge``."""
    folder = tmp_path_factory.mktemp("git")
    work = folder / "work"
    work.mkdir()
    git(work, "init", "-q", "-b", "main")
    git(work, "config", "core.autocrlf", "false")
    (work / "devfile.yaml").write_text("schemaVersion: 2.2.0\n")
    (work / "folder" / "inner").mkdir(parents=True)
    (work / "folder" / "inner" / "my devfile.yml").write_text("inner\n")
    (work / "link.yaml").symlink_to("/etc/passwd")
    (work / "large.yaml").write_text("a" * (64 * 1024 + 1))
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "First")
    git(work, "tag", "-a", "v1", "-m", "One")
    for number in range(30):
        (work / "folder" / f"text{number}").write_text("line\n" * 500 + f"{number}\n")
    (work / ".devfile.yaml").write_text("schemaVersion: 2.3.0\n")
    git(work, "add", ".")
    git(work, "commit", "-q", "-m", "Second")
    git(work, "branch", "feature/one")
    for name, filters in (("app", "true"), ("plain", "false")):
        git(folder, "clone", "-q", "--bare", "work", f"team/{name}.git")
        git(folder / "team" / f"{name}.git", "config", "uploadpack.allowFilter", filters)
        git(folder / "team" / f"{name}.git", "repack", "-q", "-a", "-d", "-f")
    git(folder, "init", "-q", "--bare", "team/empty.git")
    _make_huge(folder)
    return folder


def _make_huge(folder: Path) -> None:
    """A repository whose one file is small to send and large to hold."""
    huge = folder / "huge"
    huge.mkdir()
    git(huge, "init", "-q", "-b", "main")
    (huge / "zeros.yaml").write_bytes(bytes(64 * 1024 * 1024))
    git(huge, "add", ".")
    git(huge, "commit", "-q", "-m", "Zeros")
    git(folder, "clone", "-q", "--bare", "huge", "team/huge.git")


ServerOf = Callable[..., GitServer]


@pytest.fixture
def serving(root: Path, authority: Authority) -> Iterator[ServerOf]:
    """Starts git servers, with a certificate for ``git.example.test`` unless told otherwise."""
    with ExitStack() as servers:

        def start(answer: Answer = GitRequests.serve, name: str = HOST) -> GitServer:
            return servers.enter_context(GitServer(root, authority.issue(name), answer))

        yield start


@pytest.fixture
def server(serving: ServerOf) -> GitServer:
    """A well-behaved git server."""
    return serving()


class Resolver:
    """Answers with the addresses of each turn, and remembers who was asked for."""

    def __init__(self, *turns: Sequence[str]) -> None:
        self.turns = list(turns)
        self.asked: list[str] = []

    def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked.append(f"{host}:{port}")
        return self.turns.pop(0) if len(self.turns) > 1 else self.turns[0]


@pytest.fixture
def local() -> Resolver:
    """Every name is this machine."""
    return Resolver(["127.0.0.1"])


@pytest.fixture
def reader(trusting: ssl.SSLContext, local: Resolver) -> GitRepositoryReader:
    """A reader that trusts the test authority and finds the server."""
    return GitRepositoryReader(trusting, local)


def file_of(
    reader: GitRepositoryReader,
    *,
    url: str,
    ref: str | None,
    paths: Sequence[str],
    hosts: Sequence[GitHost],
) -> RepositoryFile:
    """The first of ``paths`` that exists."""
    with reader.open(url=url, ref=ref, paths=paths, hosts=hosts) as opened:
        return opened.file


def hosts_of(server: GitServer) -> tuple[GitHost, ...]:
    """The setting that allows ``server``."""
    return (GitHost(HOST, server.port, ("127.0.0.0/8",)),)


def url_of(server: GitServer, name: str = "app") -> str:
    """The address of a repository."""
    return f"https://{HOST}:{server.port}/team/{name}.git"
