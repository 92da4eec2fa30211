"""Bugs to plant between the control plane and its store, to see that they are found."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.ports.store import Delete, Item, Key, Page, Put, Store, Update, Write
from simulation.store import key_of


class _Through:
    """The Store port, handed on."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def get(self, key: Key) -> Item | None:
        return self.store.get(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        return self.store.get_many(keys)

    def query(self, partition: str, **how: Any) -> Page:
        return self.store.query(partition, **how)

    def write(self, write: Write) -> None:
        self.store.write(write)

    def transact(self, writes: Iterable[Write]) -> None:
        self.store.transact(writes)


class ForgetsConditions(_Through):
    """Whether an idempotency key is there already is not looked at."""

    def transact(self, writes: Iterable[Write]) -> None:
        self.store.transact([_unconditional(each) if _is_key(each) else each for each in writes])


class TearsTransactions(_Through):
    """The idempotency key is written after everything else, by a write of its own."""

    def transact(self, writes: Iterable[Write]) -> None:
        chosen = list(writes)
        self.store.transact([each for each in chosen if not _is_key(each)])
        for each in chosen:
            if _is_key(each):
                self.store.write(each)


def _is_key(write: Write) -> bool:
    return key_of(write).sort.startswith("IDEM#")


def _unconditional(write: Write) -> Write:
    return replace(write, when=()) if isinstance(write, Put | Update | Delete) else write
