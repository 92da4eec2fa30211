"""The cloner against a real git server over HTTPS: whole projects, the right revision, or a sentence for people."""

import json
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from images.tools.content import clone
from tests.images.gitserver import GitServer, git_server

BRANCH, TAG, EMPTY = "feature/one", "v1", "empty"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GitServer]:
    """A server with `sample` (main, a branch and a tag, one commit each) and an empty repository."""
    with git_server(tmp_path_factory.mktemp("git")) as server:
        server.git("init", "-q", "--bare", "-b", "main", "sample")
        server.git("init", "-q", "--bare", "-b", "main", EMPTY)
        server.git("-C", "sample", "config", "uploadpack.allowReachableSHA1InWant", "true")
        server.git("init", "-q", "-b", "main", "work")
        for name in ("main", BRANCH, "tagged"):
            if name != "main":
                server.git("-C", "work", "checkout", "-q", "-b", name, "main")
            (server.root / "work/which").write_text(name)
            server.git("-C", "work", "add", "which")
            server.git("-C", "work", "commit", "-q", "-m", name)
        server.git("-C", "work", "tag", TAG, "tagged")
        server.git("-C", "work", "push", "-q", "../sample", "main", BRANCH, TAG)
        yield server


@dataclass(frozen=True)
class Outcome:
    """What the cloner left behind."""

    status: int
    output: str
    termination: str
    root: Path

    def which(self, path: str) -> str:
        return (self.root / path / "which").read_text()

    def left(self) -> list[str]:
        return sorted(entry.name for entry in self.root.iterdir())


class Cloner:
    """Runs the cloner as its container does, with this machine's git."""

    def __init__(self, server: GitServer, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.server, self.root, self.capsys = server, root, capsys
        self.log = root.parent / "termination-log"

    def __call__(self, *projects: dict[str, Any] | str, **environment: str) -> Outcome:
        text = projects[0] if isinstance(projects[0], str) else json.dumps(projects)
        environ = {"PROJECTS_ROOT": str(self.root), "BERTH_CA_FILE": str(self.server.authority)}
        self.log.write_text("")
        status = clone.main({**environ, "BERTH_PROJECTS": text, **environment}, "git", self.log)
        return Outcome(status, self.capsys.readouterr().out, self.log.read_text(), self.root)

    def project(self, revision: str | None = None, **more: Any) -> dict[str, Any]:
        """The sample project at a revision."""
        checkout = {"checkout_from": {"revision": revision}} if revision else {}
        return {
            "name": "sample",
            "remotes": {"origin": f"{self.server.address}/sample"},
            **checkout,
            **more,
        }


@pytest.fixture
def cloner(server: GitServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Cloner:
    """A cloner into an empty volume."""
    return Cloner(server, tmp_path / "projects", capsys)


def head(path: Path) -> str:
    """The branch that is checked out, or HEAD."""
    argv = ["git", "-C", str(path), "rev-parse", "--abbrev-ref", "HEAD"]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def test_without_a_revision_the_default_branch_is_cloned(cloner: Cloner) -> None:
    """The project appears under its name, and nothing else stays behind."""
    outcome = cloner(cloner.project())

    assert (outcome.status, outcome.which("sample"), outcome.left()) == (0, "main", ["sample"])
    assert outcome.termination == ""


def test_a_branch_is_checked_out_as_a_branch(cloner: Cloner) -> None:
    """A branch follows the remote's branch, so that pull and push work."""
    outcome = cloner(cloner.project(BRANCH))

    assert outcome.which("sample") == BRANCH
    assert head(outcome.root / "sample") == BRANCH


@pytest.mark.parametrize("shorten", [None, 40, 10], ids=["tag", "commit", "abbreviated"])
def test_a_tag_or_commit_is_checked_out_detached(cloner: Cloner, shorten: int | None) -> None:
    """A tag, a commit and the beginning of a commit each give exactly that commit."""
    revision = cloner.server.git("-C", "work", "rev-parse", "tagged")[:shorten] if shorten else TAG

    outcome = cloner(cloner.project(revision))

    assert outcome.which("sample") == "tagged"
    assert head(outcome.root / "sample") == "HEAD"


def test_an_unknown_revision_fails_and_leaves_nothing(cloner: Cloner) -> None:
    """A revision that the remote has not is a failure that names it; never another one instead."""
    outcome = cloner(cloner.project("nowhere"))

    sentence = f"git clone of {cloner.server.address}/sample failed: it has no branch, tag or commit nowhere"
    assert outcome.status == 1
    assert outcome.output.splitlines()[-1] == outcome.termination == sentence
    assert outcome.left() == []


def test_a_project_that_is_there_is_never_touched(cloner: Cloner) -> None:
    """A second run skips what the user has, changed or not."""
    cloner(cloner.project())
    (cloner.root / "sample/which").write_text("changed by the user")

    outcome = cloner(cloner.project(BRANCH))

    assert (outcome.status, outcome.which("sample")) == (0, "changed by the user")
    assert "sample is there already" in outcome.output


def test_leftovers_of_a_killed_clone_are_removed(cloner: Cloner) -> None:
    """A half clone of an earlier start does not stay in the volume."""
    (cloner.root / f"{clone.SCRATCH_PREFIX}old/project").mkdir(parents=True)

    assert cloner(cloner.project()).left() == ["sample"]


def test_several_projects_and_remotes_go_where_asked(cloner: Cloner) -> None:
    """Each project has its path; further remotes are fetched; the asked remote is the one checked out."""
    address = cloner.server.address
    second = {
        "name": "second",
        "remotes": {"origin": f"{address}/{EMPTY}", "upstream": f"{address}/sample"},
        "checkout_from": {"remote": "upstream", "revision": BRANCH},
        "clone_path": "deep/second",
    }

    outcome = cloner(cloner.project(), second)

    assert (outcome.which("sample"), outcome.which("deep/second")) == ("main", BRANCH)
    config = (outcome.root / "deep/second/.git/config").read_text()
    assert '[remote "origin"]' in config
    assert '[remote "upstream"]' in config


def test_an_empty_repository_can_be_cloned(cloner: Cloner) -> None:
    """A repository without a commit is a fine beginning."""
    remotes = {"origin": f"{cloner.server.address}/{EMPTY}"}

    outcome = cloner({"name": "new", "remotes": remotes})

    assert (outcome.status, outcome.left()) == (0, ["new"])


@pytest.mark.parametrize(
    "path, reason",
    [("/absent", "not found"), ("/private/sample", "terminal prompts disabled")],
)
def test_gits_own_reason_is_told(cloner: Cloner, path: str, reason: str) -> None:
    """What git said is the last line and the termination message; nobody is asked for a password."""
    address = cloner.server.address + path

    outcome = cloner({"name": "sample", "remotes": {"origin": address}})

    assert outcome.status == 1
    assert outcome.termination.startswith(f"git clone of {address} failed: fatal: ")
    assert reason in outcome.termination
    assert outcome.output.splitlines()[-1] == outcome.termination


def test_a_server_of_an_unknown_authority_is_refused(cloner: Cloner) -> None:
    """Without the authority's file the server is not trusted."""
    outcome = cloner(cloner.project(), BERTH_CA_FILE="")

    assert outcome.status == 1
    assert "certificate" in outcome.termination


def test_a_secret_in_an_address_is_never_printed(cloner: Cloner) -> None:
    """A password is refused before git sees it, and a user name is cut out of every message."""
    host = cloner.server.address.removeprefix("https://")

    refused = cloner({"name": "a", "remotes": {"origin": f"https://me:canary@{host}/sample"}})
    failed = cloner({"name": "a", "remotes": {"origin": f"https://me@canary@{host}/absent"}})

    assert "holds a password" in refused.termination
    assert "git clone of" in failed.termination
    assert "canary" not in refused.output + refused.termination + failed.output + failed.termination


@pytest.mark.parametrize(
    "change, reason",
    [
        ({"remotes": {"origin": "http://localhost/sample"}}, "must be an https:// address"),
        ({"remotes": {"origin": "file:///etc"}}, "must be an https:// address"),
        ({"remotes": {"origin": "ext::sh -c id"}}, "must be an https:// address"),
        ({"remotes": {"origin": "--upload-pack=id"}}, "must be an https:// address"),
        ({"remotes": {"--origin": "https://localhost/a"}}, "not a name for a remote"),
        ({"remotes": {}}, "has no remote"),
        ({"name": "../up"}, "not a name for a project"),
        ({"clone_path": "../up"}, "not a path below the projects folder"),
        ({"clone_path": "/etc"}, "not a path below the projects folder"),
        ({"checkout_from": {"revision": "--force"}}, "not a branch, tag or commit"),
        ({"checkout_from": {"revision": "main^{/x}"}}, "not a branch, tag or commit"),
        ({"checkout_from": {"remote": "upstream"}}, "has no remote 'upstream'"),
    ],
)
def test_a_bad_project_is_refused(cloner: Cloner, change: dict[str, Any], reason: str) -> None:
    """What could lead git or the file system astray is refused with its reason, before git runs."""
    outcome = cloner({**cloner.project(), **change})

    assert outcome.status == 1
    assert reason in outcome.termination


@pytest.mark.parametrize("text", ["{", "{}", "[1]"])
def test_projects_that_are_not_a_list_are_refused(cloner: Cloner, text: str) -> None:
    """A broken `BERTH_PROJECTS` is named as the cause."""
    outcome = cloner(text)

    assert outcome.status == 1
    assert "BERTH_PROJECTS" in outcome.termination


def test_hooks_and_configuration_of_others_have_no_say(cloner: Cloner, tmp_path: Path) -> None:
    """A template's hook and the home's configuration do not run during a clone."""
    hooks = tmp_path / "home/template/hooks"
    hooks.mkdir(parents=True)
    (hooks / "post-checkout").write_text(f"#!/bin/sh\ntouch {tmp_path}/hook-ran\n")
    (hooks / "post-checkout").chmod(0o755)
    (tmp_path / "home/.gitconfig").write_text(f"[init]\n\ttemplateDir = {hooks.parent}\n")

    outcome = cloner(
        cloner.project(BRANCH), HOME=str(tmp_path / "home"), GIT_TEMPLATE_DIR=str(hooks.parent)
    )

    assert outcome.status == 0
    assert not (tmp_path / "hook-ran").exists()


def test_a_submodule_is_not_followed(cloner: Cloner) -> None:
    """A repository's submodules stay empty: what they point at was not asked for."""
    server = cloner.server
    server.git("clone", "-q", "work", "outer-work")
    file_allowed = ("-c", "protocol.file.allow=always")
    server.git(
        "-C",
        "outer-work",
        *file_allowed,
        "submodule",
        "add",
        "-q",
        f"{server.root}/sample",
        "inner",
    )
    server.git("-C", "outer-work", "commit", "-q", "-m", "submodule")
    server.git("clone", "-q", "--bare", "outer-work", "outer")

    outcome = cloner({"name": "outer", "remotes": {"origin": f"{server.address}/outer"}})

    assert outcome.status == 0
    assert list((outcome.root / "outer/inner").iterdir()) == []
