"""Reading a few files over HTTPS: of a git repository, or at an address."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from chalicelib.domain.organisations.settings import GitHost


@dataclass(frozen=True, slots=True)
class RepositoryFile:
    """Content of ``path`` at ``commit``."""

    content: bytes
    path: str
    commit: str


class RepositoryRefused(Exception):
    """The address, ref or path is not allowed, or there is no such file; the message is for people."""


class RepositoryFileMissing(RepositoryRefused):
    """The repository was read, and none of the paths is there."""


class RepositoryUnavailable(Exception):
    """The host did not answer as a git server should; trying again may help."""


class OpenRepository(Protocol):
    """A repository at one commit, while it is being read. All readings share its limits of time and bytes."""

    @property
    def file(self) -> RepositoryFile:
        """What it was opened for."""
        ...

    def beside(self, path: str) -> bytes:
        """Return the content of another file of the same commit. Raises RepositoryRefused."""
        ...


class RepositoryReader(Protocol):
    """A reader that contacts none but the hosts it is given."""

    def open(
        self, *, url: str, ref: str | None, paths: Sequence[str], hosts: Sequence[GitHost]
    ) -> AbstractContextManager[OpenRepository]:
        """Open a repository for the first of ``paths`` that exists at ``ref`` (None: the default branch).

        Raises RepositoryRefused and RepositoryUnavailable, within the context as well.
        """
        ...

    def page(self, *, url: str, hosts: Sequence[GitHost]) -> bytes:
        """Return what an https address on one of ``hosts`` answers, within the time that one reading has.

        Raises RepositoryRefused and RepositoryUnavailable.
        """
        ...
