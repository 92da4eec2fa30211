"""Where a workspace's devfile comes from: inline text, or a file of a git repository."""

from dataclasses import dataclass

from chalicelib import devfile
from chalicelib.devfile import Devfile, DevfileRefused
from chalicelib.domain.errors import Invalid, Problem, Unavailable
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.workspace import DevfileSource
from chalicelib.ports.bundle import Ports
from chalicelib.ports.repositories import RepositoryFile, RepositoryRefused, RepositoryUnavailable

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
        return Found(_read(text, INLINE), DevfileSource(), INLINE)
    if text is not None:
        message = "Give `devfile` or `repository`, not both."
        raise Invalid("two-devfiles", message, [Problem("two-devfiles", message, "#")])
    file = _fetch(ports, settings, repository)
    source = DevfileSource(repository.url, repository.ref, file.path, file.commit)
    return Found(_read(file.content, REPOSITORY), source, REPOSITORY)


def _fetch(ports: Ports, settings: OrganisationSettings, repository: Repository) -> RepositoryFile:
    paths = [repository.path] if repository.path else list(devfile.FILE_NAMES)
    try:
        return ports.repositories.read(
            url=repository.url,
            ref=repository.ref or None,
            paths=paths,
            hosts=settings.git_hosts,
        )
    except RepositoryRefused as error:
        problem = Problem("repository-refused", str(error), REPOSITORY)
        raise Invalid("repository-refused", str(error), [problem]) from error
    except RepositoryUnavailable as error:
        raise Unavailable("repository-unavailable", str(error)) from error


def _read(text: str | bytes, pointer: str) -> Devfile:
    try:
        return devfile.read(text)
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
