"""``berth devfile``: check, flatten and render devfiles of this machine. No control plane is asked."""

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from berth_cli.failures import Exit, Failure
from berth_cli.imports import Imports, tree_of
from berth_cli.terminal import safe
from chalicelib.devfile import (
    MAX_BYTES,
    Devfile,
    DevfileRefused,
    Finding,
    Reading,
    TreeFile,
    flattened,
    read,
    written,
)

devfile = typer.Typer(help="Check devfiles and show what becomes of them.", no_args_is_help=True)


class Profile(StrEnum):
    """What a devfile is held against."""

    STANDARD = "standard"
    STRICT = "strict"


File = Annotated[Path, typer.Argument(help="A devfile; `-` reads standard input.")]
Hosts = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="HOST", help="Host that imports may come from by https."),
]
_STDIN = Path("-")


@devfile.command()
def check(
    file: File,
    *,
    profile: Annotated[
        Profile, typer.Option(help="`strict`: also what GitLab workspaces take.")
    ] = Profile.STANDARD,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    allow_host: Hosts = None,
) -> None:
    """Say whether a devfile can be used, and everything that is wrong with it."""
    text, how = _opened(file, allow_host or [], profile)
    problems: tuple[Finding, ...] = ()
    notices: tuple[Finding, ...] = ()
    try:
        notices = read(text, how).notices
    except DevfileRefused as refused:
        problems = refused.problems
    if as_json:
        _say_json(file, problems, notices)
    else:
        _say_lines(file, problems, notices)
    if problems:
        raise typer.Exit(Exit.FAILED)


@devfile.command()
def flatten(file: File, *, allow_host: Hosts = None) -> None:
    """Print the devfile with all that it imports put in."""
    text, how = _opened(file, allow_host or [])
    try:
        tree = flattened(text, how)
    except DevfileRefused as refused:
        raise _refusal(file, refused) from refused
    sys.stdout.write(written(tree))


@devfile.command()
def manifests(
    file: File,
    *,
    editor: Annotated[str, typer.Option(help="Editor to inject.")] = "terminal",
    allow_host: Hosts = None,
) -> None:
    """Print the Kubernetes objects of a workspace, with the settings of a new agent and made-up ids."""
    text, how = _opened(file, allow_host or [])
    try:
        found = read(text, how)
    except DevfileRefused as refused:
        raise _refusal(file, refused) from refused
    sys.stdout.write(written(*_objects(found, editor)))


def as_devfile(file: Path) -> str:
    """Return the text of a devfile, or the devfile that a devcontainer.json says. Raises Failure."""
    text, how = _opened(file, [])
    try:
        return written(flattened(text, how)) if how.is_devcontainer else text.decode()
    except DevfileRefused as refused:
        raise _refusal(file, refused) from refused
    except UnicodeDecodeError as error:
        raise Failure(f"{file} cannot be read: {error}", Exit.USAGE) from error


def _objects(found: Devfile, editor: str) -> Iterable[Any]:
    # The one place where the command line runs code of the control plane: only this verb pays for it.
    from chalicelib.usecases.workspaces.preview import (  # noqa: PLC0415 - a tenth of a second
        NotToBeRun,
        preview,
    )

    try:
        return preview(found, editor=editor)
    except NotToBeRun as error:
        raise Failure(str(error)) from error


def _opened(
    file: Path, hosts: list[str], profile: Profile = Profile.STANDARD
) -> tuple[bytes, Reading]:
    """The text, and how it is to be read: relative imports start at the file's own folder."""
    try:
        if file == _STDIN:
            text = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with file.open("rb") as content:
                text = content.read(MAX_BYTES + 1)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error.strerror}", Exit.USAGE) from error
    place = Path("devfile.yaml") if file == _STDIN else file
    tree = tree_of(place)
    inside = place.resolve().parent.relative_to(tree) / place.name
    imports = Imports(tree, hosts)
    at = TreeFile(inside.as_posix())
    return text, Reading(profile.value, imports, at, project=tree.name or "project")


def _say_json(file: Path, problems: tuple[Finding, ...], notices: tuple[Finding, ...]) -> None:
    answer = {
        "file": str(file),
        "accepted": not problems,
        "problems": [asdict(problem) for problem in problems],
        "notices": [asdict(notice) for notice in notices],
    }
    sys.stdout.write(json.dumps(answer, indent=2) + "\n")


def _say_lines(file: Path, problems: tuple[Finding, ...], notices: tuple[Finding, ...]) -> None:
    for finding in problems:
        sys.stdout.write(_line(file, finding, "") + "\n")
    for finding in notices:
        sys.stdout.write(_line(file, finding, "notice: ") + "\n")
    verdict = f"refused, {len(problems)} problem(s)" if problems else "accepted"
    sys.stdout.write(safe(f"{file}: {verdict}") + "\n")


def _line(file: Path, finding: Finding, prefix: str) -> str:
    """As compilers write it, so that editors find the place."""
    place = f"{finding.file or file}:{finding.line}:{finding.column}"
    path = f"{finding.path}: " if finding.path else ""
    return safe(f"{place}: {prefix}{path}{finding.message} [{finding.code}]")


def _refusal(file: Path, refused: DevfileRefused) -> Failure:
    lines = (_line(file, problem, "") for problem in refused.problems)
    return Failure("\n".join([f"{file} cannot be used", *lines]))
