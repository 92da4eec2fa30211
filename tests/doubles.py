"""What stands in tests where a real part would be slow, or must be steered and counted."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.ports.identity import Identity, SignInStart
from chalicelib.ports.keys import Context, DataKey
from chalicelib.ports.repositories import (
    OpenRepository,
    RepositoryFile,
    RepositoryFileMissing,
    RepositoryRefused,
)
from chalicelib.ports.store import Item, Key, Page, Store, Write

START = 1_900_000_000.0


@dataclass
class SteppedClock:
    """A clock that stands at ``at`` (seconds since the epoch) until it is moved."""

    at: float = START

    def now(self) -> float:
        """See the port."""
        return self.at

    def monotonic(self) -> float:
        """See the port."""
        return self.at

    def pause(self, seconds: float) -> None:
        """See the port."""
        self.advance(seconds)

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.at += seconds


class CountedChance:
    """Different bytes each time, the same in each run."""

    def __init__(self) -> None:
        self._count = 0

    def token(self, size: int = 32) -> bytes:
        """See the port."""
        self._count += 1
        return (
            (self._count * 0x9E3779B97F4A7C15 % 2**64).to_bytes(8, "big").ljust(size, b"\1")[:size]
        )


class CountingKeys:
    """A real local master key that counts how often it is asked."""

    def __init__(self) -> None:
        self._keys = LocalMasterKey(bytes(range(32)))
        self.made = 0
        self.opened = 0

    def make_data_key(self, context: Context) -> DataKey:
        """See the port."""
        self.made += 1
        return self._keys.make_data_key(context)

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        """See the port."""
        self.opened += 1
        return self._keys.open_data_key(wrapped, context)


class Killed(BaseException):
    """The process died here; no handler may catch it."""


@dataclass
class WatchedStore:
    """A real store that counts its calls and dies at the write it is told to.

    ``meanwhile`` happens once, just before the next write: what another caller does in between;
    ``outdating`` just after the next read of many, whose answer is old then.
    ``die_at`` counts writes from 0; ``after`` says whether the write is still carried out, as when
    a process dies with the answer of its database on the way; ``dies_of``: what is raised.
    """

    store: Store
    reads: int = 0
    writes: int = 0
    die_at: int | None = None
    after: bool = False
    dies_of: type[BaseException] = Killed
    meanwhile: Callable[[], object] | None = None
    outdating: Callable[[], object] | None = None

    def get(self, key: Key) -> Item | None:
        """See the port."""
        self.reads += 1
        return self.store.get(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See the port."""
        self.reads += 1
        found = self.store.get_many(keys)
        happens, self.outdating = self.outdating, None
        if happens is not None:
            happens()
        return found

    def query(self, partition: str, **how: Any) -> Page:
        """See the port."""
        self.reads += 1
        return self.store.query(partition, **how)

    def write(self, write: Write) -> None:
        """See the port."""
        self._counted(lambda: self.store.write(write))

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        self._counted(lambda: self.store.transact(chosen))

    def reset(self) -> None:
        """Count from 0."""
        self.reads = self.writes = 0

    def _counted(self, carry_out: Callable[[], None]) -> None:
        happens, self.meanwhile = self.meanwhile, None
        if happens is not None:
            happens()
        number, self.writes = self.writes, self.writes + 1
        if number == self.die_at and not self.after:
            raise self.dies_of
        carry_out()
        if number == self.die_at:
            raise self.dies_of


@dataclass
class PaperRepositories:
    """Repositories whose files are written down, by address and path; pages have no path."""

    files: dict[tuple[str, str], str] = field(default_factory=dict)

    @contextmanager
    def open(
        self, *, url: str, ref: str | None, paths: Sequence[str], hosts: Sequence[GitHost]
    ) -> Iterator[OpenRepository]:
        """See the port."""
        if not hosts:
            raise RepositoryRefused("The host is not among the organisation's git hosts.")
        for path in paths:
            if (url, path) in self.files:
                content = self.files[url, path].encode()
                yield PaperRepository(self, url, RepositoryFile(content, path, f"commit-of-{ref}"))
                return
        raise RepositoryFileMissing("There is no devfile.")

    def page(self, *, url: str, hosts: Sequence[GitHost]) -> bytes:
        """See the port."""
        if not hosts or (url, "") not in self.files:
            raise RepositoryRefused("There is no such page.")
        return self.files[url, ""].encode()


@dataclass
class PaperRepository:
    """One of them, opened."""

    repositories: PaperRepositories
    url: str
    file: RepositoryFile

    def beside(self, path: str) -> bytes:
        """See the port."""
        if (self.url, path) not in self.repositories.files:
            raise RepositoryRefused(f"There is no {path}.")
        return self.repositories.files[self.url, path].encode()


class NobodySignsIn:
    """No use case of these tests signs anybody in."""

    def authorization_url(self, start: SignInStart) -> str:
        """See the port."""
        raise NotImplementedError

    def look(self) -> None:
        """See the port."""
        raise NotImplementedError

    def identify(self, *, code: str, issuer: str | None, start: SignInStart) -> Identity:
        """See the port."""
        raise NotImplementedError
