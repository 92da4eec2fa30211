"""Files come from a real git server, exactly as they are there."""

import hashlib
from pathlib import Path

import pytest

from berth_local.git_server import git
from chalicelib.adapters.repositories import GitRepositoryReader
from chalicelib.devfile import FILE_NAMES
from chalicelib.ports.repositories import RepositoryFileMissing, RepositoryRefused
from tests.repositories.conftest import ServerOf, file_of, hosts_of, url_of
from tests.repositories.git_server import GitServer

WORK = "work"


@pytest.fixture(params=["app", "plain"])
def url(request: pytest.FixtureRequest, server: GitServer) -> str:
    """A repository on a server with and on one without partial clones."""
    return url_of(server, request.param)


def test_reads_the_first_of_the_paths_on_the_default_branch(
    reader: GitRepositoryReader, server: GitServer, url: str, root: Path
) -> None:
    """Without a ref the default branch is read, and the first name that exists wins."""
    found = file_of(reader, url=url, ref=None, paths=FILE_NAMES, hosts=hosts_of(server))
    assert found.content == b"schemaVersion: 2.3.0\n"
    assert found.path == ".devfile.yaml"
    assert found.commit == git(root / WORK, "rev-parse", "HEAD")


@pytest.mark.parametrize("ref", ["v1", "main~1", "abbreviated"])
def test_reads_tags_and_commits(
    reader: GitRepositoryReader, server: GitServer, url: str, root: Path, ref: str
) -> None:
    """An annotated tag and the full id of a commit lead to that commit; a short id leads nowhere."""
    first = git(root / WORK, "rev-parse", "v1^{commit}")
    if ref == "abbreviated":
        with pytest.raises(RepositoryRefused, match="no branch, tag or commit"):
            file_of(reader, url=url, ref=first[:12], paths=FILE_NAMES, hosts=hosts_of(server))
        return
    found = file_of(
        reader, url=url, ref=first if "~" in ref else ref, paths=FILE_NAMES, hosts=hosts_of(server)
    )
    assert (found.path, found.commit) == ("devfile.yaml", first)


def test_reads_deep_paths_on_a_branch(
    reader: GitRepositoryReader, server: GitServer, url: str
) -> None:
    """Folders are walked, and a branch may have a slash in its name."""
    found = file_of(
        reader,
        url=url,
        ref="feature/one",
        paths=["folder/inner/my devfile.yml"],
        hosts=hosts_of(server),
    )
    assert found.content == b"inner\n"


def test_reads_files_that_are_stored_as_deltas(
    reader: GitRepositoryReader, server: GitServer, url: str, root: Path
) -> None:
    """Files that git packed as differences of one another come out whole."""
    for number in (0, 13, 29):
        path = f"folder/text{number}"
        found = file_of(reader, url=url, ref="main", paths=[path], hosts=hosts_of(server))
        wanted = (root / WORK / path).read_bytes()
        assert hashlib.sha256(found.content).digest() == hashlib.sha256(wanted).digest()


def test_asks_a_server_with_partial_clones_for_little(
    reader: GitRepositoryReader, server: GitServer
) -> None:
    """Four requests read a file at the top of a repository."""
    file_of(reader, url=url_of(server), ref=None, paths=FILE_NAMES, hosts=hosts_of(server))
    post = "POST /team/app.git/git-upload-pack"
    assert server.requests == [
        "GET /team/app.git/info/refs?service=git-upload-pack", post, post, post
    ]  # fmt: skip


@pytest.mark.parametrize(
    "wanted,message",
    [
        (("missing.yaml", None), "There is no missing.yaml at the default branch"),
        (("folder/missing/x", "main"), "There is no folder/missing/x at main"),
        (("devfile.yaml/x", None), "There is no"),
        (("link.yaml", None), "no plain file"),
        (("folder", None), "no plain file"),
        (("large.yaml", None), "larger than 64 KiB"),
        (("devfile.yaml", "nowhere"), "no branch, tag or commit nowhere"),
        (("devfile.yaml", "0" * 40), "does not give the commit"),
        (("../devfile.yaml", None), "not one of a file"),
        (("/etc/passwd", None), "not one of a file"),
        (("folder/.git/config", None), "not one of a file"),
        (("a\nb", None), "not one of a file"),
        (("devfile.yaml", "--upload-pack=x"), "not the name of a branch"),
        (("devfile.yaml", "a..b"), "not the name of a branch"),
        (("devfile.yaml", "main\n"), "not the name of a branch"),
        (("devfile.yaml", ""), "not the name of a branch"),
    ],
)
def test_refuses_what_is_no_file_at_a_ref(
    reader: GitRepositoryReader,
    server: GitServer,
    url: str,
    wanted: tuple[str, str | None],
    message: str,
) -> None:
    """A path or ref that is missing, unsafe or no plain file is refused with the reason.

    That a file is simply not there can be told from the rest.
    """
    path, ref = wanted
    with pytest.raises(RepositoryRefused, match=message) as refused:
        file_of(reader, url=url, ref=ref, paths=[path], hosts=hosts_of(server))
    assert isinstance(refused.value, RepositoryFileMissing) == message.startswith("There is no")


def test_refuses_an_empty_repository(reader: GitRepositoryReader, server: GitServer) -> None:
    """A repository without a commit has no file."""
    with pytest.raises(RepositoryRefused, match="empty"):
        file_of(
            reader, url=url_of(server, "empty"), ref=None, paths=FILE_NAMES, hosts=hosts_of(server)
        )


def test_refuses_a_repository_that_is_not_there(
    reader: GitRepositoryReader, server: GitServer
) -> None:
    """What the server does not show to everybody is refused, not called an outage."""
    with pytest.raises(RepositoryRefused, match="no public repository"):
        file_of(reader, url=url_of(server, "none"), ref=None, paths=["x"], hosts=hosts_of(server))


def test_refuses_a_file_that_inflates_to_much(
    reader: GitRepositoryReader, server: GitServer
) -> None:
    """64 MiB of zeros, 64 KiB on the wire, are refused before they are inflated."""
    with pytest.raises(RepositoryRefused, match="too large"):
        file_of(
            reader,
            url=url_of(server, "huge"),
            ref=None,
            paths=["zeros.yaml"],
            hosts=hosts_of(server),
        )


def test_reads_repositories_with_sha256_names(
    reader: GitRepositoryReader, serving: ServerOf, root: Path
) -> None:
    """A repository whose objects are named by SHA-256 is read like any other."""
    bare, server = root / "team" / "new.git", serving()
    git(root, "init", "-q", "--bare", "-b", "main", "--object-format=sha256", str(bare))
    blob = git(bare, "hash-object", "-w", "--stdin", stdin="new\n")
    tree = git(bare, "mktree", stdin=f"100644 blob {blob}\tdevfile.yaml\n")
    commit = git(bare, "commit-tree", tree, "-m", "First")
    git(bare, "update-ref", "refs/heads/main", commit)
    found = file_of(
        reader, url=url_of(server, "new"), ref=None, paths=FILE_NAMES, hosts=hosts_of(server)
    )
    assert (found.content, found.commit) == (b"new\n", commit)


def test_reads_files_beside_the_first_of_the_same_commit(
    reader: GitRepositoryReader, server: GitServer, url: str, root: Path
) -> None:
    """Of one opening, later files are those of the commit of the first."""
    first = git(root / WORK, "rev-parse", "v1^{commit}")
    hosts = hosts_of(server)
    with reader.open(url=url, ref="v1", paths=FILE_NAMES, hosts=hosts) as opened:
        assert opened.file.commit == first
        assert opened.beside("folder/inner/my devfile.yml") == b"inner\n"
        for path in ("link.yaml", "large.yaml", "none.yaml", "../x", ".git/config"):
            with pytest.raises(RepositoryRefused):
                opened.beside(path)


def test_reads_a_page_of_an_allowed_host_alone(
    reader: GitRepositoryReader, server: GitServer
) -> None:
    """Another host, another port, a user in the address: nobody is asked."""
    base = url_of(server).partition("/team/")[0]
    found = reader.page(
        url=f"{base}/team/app.git/info/refs?service=git-upload-pack", hosts=hosts_of(server)
    )
    assert b"git-upload-pack" in found
    asked = len(server.requests)
    for url in ("https://other.test/a", base.replace("//", "//me:pw@") + "/a", f"{base}/a#b"):
        with pytest.raises(RepositoryRefused):
            reader.page(url=url, hosts=hosts_of(server))
    with pytest.raises(RepositoryRefused):
        reader.page(url=f"{base}/a", hosts=())
    assert len(server.requests) == asked
