"""A store over another store: whatever a layer does not change is handed on."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from chalicelib.ports.store import Item, Key, Page, Store, Write


class Layer:
    """The Store port, handed on to the store below."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, key: Key) -> Item | None:
        """See the port."""
        return self._store.get(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See the port."""
        return self._store.get_many(keys)

    def query(self, partition: str, **how: Any) -> Page:
        """See the port."""
        return self._store.query(partition, **how)

    def write(self, write: Write) -> None:
        """See the port."""
        self._store.write(write)

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        self._store.transact(writes)
