"""DynamoDB's rule of transactions that overlap, which DynamoDB Local does not have.

Of two transactions that touch one item at the same time one is refused, and so is a single write of
an item that a transaction is writing. Reads are not: those of this store are no transactions.
"""

import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from chalicelib.adapters.stores.layer import Layer
from chalicelib.adapters.stores.limits import key_of
from chalicelib.ports.store import Key, Store, StoreBusy, Write


class ConflictingStore(Layer):
    """A real store that refuses what overlaps. A transaction takes at least ``seconds``: between
    availability zones it is slower than on one machine."""

    def __init__(self, store: Store, *, seconds: float = 0.02) -> None:
        super().__init__(store)
        self._seconds = seconds
        self._lock = threading.Lock()
        self._held: set[Key] = set()
        self.writes = 0
        """Attempts, the refused ones too."""
        self.conflicts = 0

    def write(self, write: Write) -> None:
        """See the port."""
        with self._lock:
            self.writes += 1
            self._refuse({key_of(write)})
        self._store.write(write)

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        with self._holding({key_of(write) for write in chosen}):
            self._store.transact(chosen)

    @contextmanager
    def _holding(self, keys: set[Key]) -> Iterator[None]:
        with self._lock:
            self.writes += 1
            self._refuse(keys)
            self._held |= keys
        over = threading.Event()
        ends = threading.Timer(self._seconds, over.set)
        ends.start()
        try:
            yield
            over.wait()
        finally:
            with self._lock:
                self._held -= keys

    def _refuse(self, keys: set[Key]) -> None:
        if not self._held.isdisjoint(keys):
            self.conflicts += 1
            raise StoreBusy("conflict with another transaction")
