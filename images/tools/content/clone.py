"""Clone the workspace's projects into its volume, before anything else starts: ``python3 -I /.berth/clone.py``.

Each project appears whole or not at all, and one that is there already is never touched. A failure ends with one
sentence for people, as the last line of the output and in the container's termination message.

Environment: `BERTH_PROJECTS` (a JSON list of ``{"name", "remotes": {name: address}, "checkout_from": {"remote",
"revision"}, "clone_path"}``, the last two optional), `PROJECTS_ROOT` (the folder to clone into) and `BERTH_CA_FILE`
(a PEM file of authorities to trust besides the public ones).
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import urlsplit

BUNDLE = Path("/.berth")
TERMINATION_LOG = Path("/dev/termination-log")
SCRATCH_PREFIX = ".berth-clone-"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}")
_ADDRESS = re.compile(r"https://\S+")
_COMMIT = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_ABBREVIATED_COMMIT = re.compile(r"[0-9a-f]{7,64}")
_USER_IN_ADDRESS = re.compile(r"(?<=://)[^/\s]+@")
_FORBIDDEN_IN_REVISION = re.compile(r"^-|\.\.|@\{|[\x00-\x20\x7f~^:?*\[\\]")
_PROXY_VARIABLES = ("http_proxy", "https_proxy", "no_proxy", "HTTPS_PROXY", "NO_PROXY")

_CONFIGURATION = ("GIT_CONFIG_COUNT", "GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""The pod's own configuration of git, such as the addresses of hosts; the user has no part in it here."""


class CloneError(Exception):
    """The workspace cannot start; the message is a sentence for people and holds no secret."""


@dataclass(frozen=True, slots=True)
class Project:
    """One repository, and where it goes."""

    name: str
    remotes: Mapping[str, str]
    remote: str
    """The remote that is cloned."""
    revision: str | None
    """Branch, tag or commit; none: the remote's default branch."""
    path: PurePosixPath
    """Relative to the projects folder."""


@dataclass(frozen=True, slots=True)
class Git:
    """Runs git with nothing but what a clone needs: no hooks, no questions, no protocol but HTTPS."""

    program: str
    environment: Mapping[str, str]

    def __call__(self, *words: str, folder: Path | None = None) -> None:
        """Raises `CloneError` with git's own last words."""
        outcome = self._run(words, folder)
        if outcome.returncode:
            raise CloneError(last_words(outcome.stderr))

    def knows(self, folder: Path, commit: str) -> bool:
        """Whether `commit` (any expression) names a commit of the repository."""
        return not self._run(
            ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{commit}^{{commit}}"), folder
        ).returncode

    def _run(self, words: tuple[str, ...], folder: Path | None) -> subprocess.CompletedProcess[str]:
        settings = (
            "core.hooksPath=/dev/null",
            "submodule.recurse=false",
            "http.lowSpeedLimit=1000",
            "http.lowSpeedTime=60",
        )
        options = [word for setting in settings for word in ("-c", setting)]
        return subprocess.run(
            [self.program, *options, *words],
            check=False,
            cwd=folder,
            env=dict(self.environment),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
        )


def shown(text: str) -> str:
    """`text` without the user part of any address in it."""
    return _USER_IN_ADDRESS.sub("", text)


def last_words(errors: str) -> str:
    """What git said last that names a fault, on one line."""
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    faults = [line for line in lines if line.startswith(("fatal:", "error:"))]
    return shown((faults or lines or ["git gave no reason"])[-1])[:1000]


def projects_of(text: str) -> list[Project]:
    """The projects of `BERTH_PROJECTS`. Raises `CloneError` naming what is wrong with them."""
    try:
        entries = json.loads(text or "[]")
    except ValueError as problem:
        raise CloneError(f"BERTH_PROJECTS is not JSON: {problem}") from None
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise CloneError("BERTH_PROJECTS is not a JSON list of projects")
    return [_project(entry) for entry in entries]


def _project(entry: Mapping[str, Any]) -> Project:
    name, remotes = entry.get("name"), entry.get("remotes")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise CloneError(f"{name!r} is not a name for a project")
    if not isinstance(remotes, dict) or not remotes:
        raise CloneError(f"project {name} has no remote")
    for remote, address in remotes.items():
        _check_remote(name, remote, address)
    wanted = entry.get("checkout_from") or {}
    remote = wanted.get("remote") or (next(iter(remotes)) if len(remotes) == 1 else "origin")
    if remote not in remotes:
        raise CloneError(f"project {name} has no remote {remote!r} to check out from")
    revision = wanted.get("revision") or None
    if revision is not None and (
        not isinstance(revision, str) or _FORBIDDEN_IN_REVISION.search(revision)
    ):
        raise CloneError(f"project {name}: {revision!r} is not a branch, tag or commit")
    return Project(
        name, remotes, remote, revision, _clone_path(name, entry.get("clone_path") or name)
    )


def _check_remote(project: str, remote: object, address: object) -> None:
    if not isinstance(remote, str) or not _NAME.fullmatch(remote):
        raise CloneError(f"project {project}: {remote!r} is not a name for a remote")
    if not isinstance(address, str) or not _ADDRESS.fullmatch(address):
        raise CloneError(f"project {project}: remote {remote} must be an https:// address")
    # git takes the address as a word, and words are seen by every process of the container
    if urlsplit(address).password is not None:
        raise CloneError(
            f"project {project}: the address of remote {remote} holds a password; take it out"
        )


def _clone_path(project: str, path: object) -> PurePosixPath:
    parts = PurePosixPath(path).parts if isinstance(path, str) else ()
    if not parts or parts[0] == "/" or ".." in parts or parts[0].startswith(SCRATCH_PREFIX):
        raise CloneError(f"project {project}: {path!r} is not a path below the projects folder")
    return PurePosixPath(*parts)


def clone_all(
    projects: list[Project], root: Path, git_program: str, environ: Mapping[str, str]
) -> None:
    """Clone what is not there yet. Raises `CloneError` at the first project that fails; the others stay."""
    root.mkdir(parents=True, exist_ok=True)
    for leftover in root.glob(f"{SCRATCH_PREFIX}*"):  # of a clone that was killed
        shutil.rmtree(leftover, ignore_errors=True)
    for project in projects:
        target = root / project.path
        if target.is_symlink() or (
            target.exists() and (not target.is_dir() or any(target.iterdir()))
        ):
            print(f"{project.path} is there already", flush=True)
            continue
        scratch = Path(tempfile.mkdtemp(prefix=SCRATCH_PREFIX, dir=root))
        try:
            git = Git(git_program, _git_environment(scratch, environ))
            _clone(project, scratch / "project", git)
            target.parent.mkdir(parents=True, exist_ok=True)
            (scratch / "project").rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
        print(f"{project.path} cloned from {shown(project.remotes[project.remote])}", flush=True)


def _git_environment(scratch: Path, environ: Mapping[str, str]) -> dict[str, str]:
    environment = {
        name: value
        for name, value in environ.items()
        if name in _PROXY_VARIABLES or name.startswith(_CONFIGURATION)
    }
    authorities = environ.get("BERTH_CA_FILE")
    if authorities:
        environment["GIT_SSL_CAINFO"] = str(_trusted(scratch / "ca.pem", Path(authorities)))
    return environment | {
        "PATH": f"{BUNDLE}/bin:{BUNDLE}/bb:/usr/bin:/bin",
        "HOME": str(scratch),
        "LC_ALL": "C.UTF-8",
        "GIT_ALLOW_PROTOCOL": "https",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_GLOBAL": "/dev/null",
        # the log of references wants a name, and the user may have none in the image
        "GIT_COMMITTER_NAME": "Berth",
        "GIT_COMMITTER_EMAIL": "berth@localhost",
    }


def _trusted(file: Path, authorities: Path) -> Path:
    public = BUNDLE / "certs/ca-certificates.crt"
    try:
        file.write_bytes(
            (public.read_bytes() if public.exists() else b"") + b"\n" + authorities.read_bytes()
        )
    except OSError as problem:
        raise CloneError(
            f"BERTH_CA_FILE={authorities} cannot be read: {problem.strerror}"
        ) from None
    return file


def _clone(project: Project, folder: Path, git: Git) -> None:
    address = project.remotes[project.remote]
    checkout = ["--no-checkout"] if project.revision else []
    options = ["--quiet", "--no-recurse-submodules", "--origin", project.remote, *checkout]
    try:
        git("clone", *options, "--", address, str(folder))
        for remote in project.remotes:
            if remote != project.remote:
                address = project.remotes[remote]
                git("remote", "add", "--", remote, address, folder=folder)
                git("fetch", "--quiet", "--no-recurse-submodules", "--", remote, folder=folder)
    except CloneError as problem:
        raise CloneError(f"git clone of {shown(address)} failed: {problem}") from None
    if project.revision:
        _check_out(project, project.revision, folder, git)


def _check_out(project: Project, revision: str, folder: Path, git: Git) -> None:
    """A branch of the remote, else a tag, else a commit; never another one than was asked for."""
    remote, address = project.remote, shown(project.remotes[project.remote])
    branch = f"refs/remotes/{remote}/{revision}"
    try:
        if git.knows(folder, branch):
            return git("checkout", "--quiet", "--track", "-B", revision, branch, folder=folder)
        if git.knows(folder, f"refs/tags/{revision}"):
            return git("checkout", "--quiet", "--detach", f"refs/tags/{revision}", folder=folder)
        if _COMMIT.fullmatch(revision) and not git.knows(folder, revision):
            git("fetch", "--quiet", "--", remote, revision, folder=folder)
        if _ABBREVIATED_COMMIT.fullmatch(revision) and git.knows(folder, revision):
            return git("checkout", "--quiet", "--detach", revision, folder=folder)
    except CloneError as problem:
        raise CloneError(f"git checkout of {revision} from {address} failed: {problem}") from None
    raise CloneError(f"git clone of {address} failed: it has no branch, tag or commit {revision}")


def main(environ: Mapping[str, str], git_program: str, termination_log: Path) -> int:
    """Clone all projects; 1 with the reason on the last line and in `termination_log` when that fails."""
    try:
        root = Path(environ.get("PROJECTS_ROOT") or "/projects")
        clone_all(projects_of(environ.get("BERTH_PROJECTS", "")), root, git_program, environ)
    except (CloneError, OSError) as problem:
        reason = str(problem)
        print(reason, flush=True)
        if termination_log.exists():
            termination_log.write_text(reason)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(os.environ, f"{BUNDLE}/bin/git", TERMINATION_LOG))
