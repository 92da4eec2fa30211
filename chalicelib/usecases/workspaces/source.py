"""Where a workspace's devfile comes from: inline text, or a file of a git repository."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from chalicelib import devfile
from chalicelib.devfile import Devfile, DevfileRefused, Reading, TreeFile
from chalicelib.domain.errors import Invalid, Problem, Unavailable
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.workspace import DevfileSource
from chalicelib.ports.bundle import Ports
from chalicelib.ports.repositories import (
    OpenRepository,
    RepositoryFileMissing,
    RepositoryRefused,
    RepositoryUnavailable,
)
from chalicelib.usecases.workspaces.compose import folder_of
from chalicelib.usecases.workspaces.imports import Imports

INLINE = "#/devfile"
REPOSITORY = "#/repository"


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository whose devfile counts. ``ref`` empty: the default branch; ``path`` empty: the
    first of the usual names that exists."""

    url: str
    ref: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """A devfile, where it came from, and where that stands in the request."""

    devfile: Devfile
    source: DevfileSource
    pointer: str


def find_devfile(
    ports: Ports, settings: OrganisationSettings, text: str | None, repository: Repository | None
) -> Found:
    """Return the devfile of a request, which names one of the two.

    Raises Invalid with every problem of the devfile, Unavailable when its host does not answer.
    """
    if repository is None:
        if text is None:
            message = "Say where the devfile comes from: `devfile` (text) or `repository`."
            raise Invalid("no-devfile", message, [Problem("no-devfile", message, "#")])
        imports = Imports(ports.repositories, settings.git_hosts)
        with _told_of_hosts(INLINE):
            return Found(_read(text, INLINE, Reading(resolver=imports)), DevfileSource(), INLINE)
    if text is not None:
        message = "Give `devfile` or `repository`, not both."
        raise Invalid("two-devfiles", message, [Problem("two-devfiles", message, "#")])
    with _told_of_hosts(REPOSITORY):
        try:
            return _found_in(ports, settings, repository)
        except RepositoryFileMissing:
            if repository.path or not settings.default_devfile:
                raise
        found = _read(settings.default_devfile, REPOSITORY, Reading())
        return Found(found, DevfileSource(repository.url, repository.ref), REPOSITORY)


def _found_in(ports: Ports, settings: OrganisationSettings, repository: Repository) -> Found:
    with _opened(ports, settings, repository) as opened:
        file = opened.file
        imports = Imports(ports.repositories, settings.git_hosts, opened)
        how = Reading(
            resolver=imports, place=TreeFile(file.path), project=folder_of(repository.url)
        )
        source = DevfileSource(repository.url, repository.ref, file.path, file.commit)
        return Found(_read(file.content, REPOSITORY, how), source, REPOSITORY)


def _opened(
    ports: Ports, settings: OrganisationSettings, repository: Repository
) -> AbstractContextManager[OpenRepository]:
    return ports.repositories.open(
        url=repository.url,
        ref=repository.ref or None,
        paths=[repository.path] if repository.path else list(devfile.FILE_NAMES),
        hosts=settings.git_hosts,
    )


@contextmanager
def _told_of_hosts(pointer: str) -> Iterator[None]:
    """Turn what a host does not give into what the request is answered with."""
    try:
        yield
    except RepositoryRefused as error:
        problem = Problem("repository-refused", str(error), pointer)
        raise Invalid("repository-refused", str(error), [problem]) from error
    except RepositoryUnavailable as error:
        raise Unavailable("repository-unavailable", str(error)) from error


def _read(text: str | bytes, pointer: str, how: Reading) -> Devfile:
    try:
        return devfile.read(text, how)
    except DevfileRefused as error:
        problems = [
            Problem(
                p.code,
                ": ".join(filter(None, (p.file, p.path, p.message))),
                pointer,
                p.line or None,
                p.column or None,
            )
            for p in error.problems
        ]
        raise Invalid("devfile-refused", "The devfile cannot be used.", problems) from error
