"""What a devfile imports, as the organisation allows it: its own repository, and https on the git hosts."""

from collections.abc import Sequence

from chalicelib.devfile import (
    Imported,
    ImportMissing,
    ImportRefused,
    Reference,
    TreeFile,
    address_of,
)
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.ports.repositories import OpenRepository, RepositoryReader, RepositoryRefused

MOST_PAGES = 3
"""Addresses that one devfile may import from: each may take as long as a repository, and a request must end."""


class Imports:
    """The resolver of one reading. Without a repository, relative paths lead nowhere."""

    def __init__(
        self,
        reader: RepositoryReader,
        hosts: Sequence[GitHost],
        repository: OpenRepository | None = None,
    ) -> None:
        self._reader = reader
        self._hosts = hosts
        self._repository = repository
        self._pages = 0

    def fetch(self, reference: Reference) -> Imported:
        """See ``chalicelib.devfile.Resolver``. Raises RepositoryUnavailable when a host does not answer."""
        if isinstance(reference, TreeFile):
            return Imported(self._file(reference.path), reference)
        address = address_of(reference)
        self._pages += 1
        if self._pages > MOST_PAGES:
            raise ImportRefused(f"A devfile imports from at most {MOST_PAGES} addresses.")
        try:
            return Imported(self._reader.page(url=address.url, hosts=self._hosts), address)
        except RepositoryRefused as error:
            raise ImportRefused(f"{address.url} is not read: {error}") from error

    def _file(self, path: str) -> bytes:
        if self._repository is None:
            raise ImportRefused(
                "A devfile that is given as text has no folder that a path could start from; create the"
                " workspace from its repository."
            )
        try:
            return self._repository.beside(path)
        except RepositoryRefused as error:
            raise ImportMissing(str(error)) from error
