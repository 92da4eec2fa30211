"""Reading one file of a git repository over HTTPS."""

from collections.abc import Sequence
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


class RepositoryUnavailable(Exception):
    """The host did not answer as a git server should; trying again may help."""


class RepositoryReader(Protocol):
    """A reader that contacts none but the hosts it is given."""

    def read(
        self, *, url: str, ref: str | None, paths: Sequence[str], hosts: Sequence[GitHost]
    ) -> RepositoryFile:
        """Return the first of ``paths`` that exists at ``ref`` (None: the default branch)."""
        ...
