"""Bugs to plant between the control plane and its store, to see that they are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from chalicelib.adapters.stores.layer import Layer
from chalicelib.adapters.stores.limits import key_of
from chalicelib.ports.store import Delete, Put, Update, Write


class ForgetsConditions(Layer):
    """Whether an idempotency key is there already is not looked at."""

    def transact(self, writes: Iterable[Write]) -> None:
        self._store.transact([_unconditional(each) if _is_key(each) else each for each in writes])


class TearsTransactions(Layer):
    """The idempotency key is written after everything else, by a write of its own."""

    def transact(self, writes: Iterable[Write]) -> None:
        chosen = list(writes)
        self._store.transact([each for each in chosen if not _is_key(each)])
        for each in chosen:
            if _is_key(each):
                self._store.write(each)


def _is_key(write: Write) -> bool:
    return key_of(write).sort.startswith("IDEM#")


def _unconditional(write: Write) -> Write:
    return replace(write, when=()) if isinstance(write, Put | Update | Delete) else write
