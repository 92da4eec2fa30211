"""The store: a real SQLite in memory behind a layer that interrupts, throttles and kills.

Each call is one step of the scheduler, taken before its effect: between two calls of a handler any
other handler may run, so every read-modify-write race can happen.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from chalicelib.adapters.stores.limits import key_of
from chalicelib.ports.store import (
    ConditionFailed,
    Item,
    Key,
    Page,
    Store,
    StoreBusy,
    Write,
)
from simulation.faults import Fault, Faults
from simulation.scheduler import Scheduler

T = TypeVar("T")


class SimulatedStore:
    """The Store port. ``watched`` is told of every committed write, ``touched`` of every key."""

    def __init__(
        self, store: Store, scheduler: Scheduler, faults: Faults, chance: random.Random
    ) -> None:
        self._store = store
        self._scheduler = scheduler
        self._faults = faults
        self._chance = chance
        self.watched: Callable[[Sequence[Write]], None] = lambda _: None
        self.touched: Callable[[str], None] = lambda _: None
        self.reads = 0
        self.writes = 0
        self.races = 0
        """Conditions that did not hold."""

    def get(self, key: Key) -> Item | None:
        """See the port."""
        return self._read(f"get {key.sort}", [key.partition], lambda: self._store.get(key))

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See the port."""
        partitions = [key.partition for key in keys]
        return self._read(f"get {len(keys)}", partitions, lambda: self._store.get_many(keys))

    def query(self, partition: str, **how: Any) -> Page:
        """See the port."""
        what = f"query {how.get('prefix', '')}"
        return self._read(what, [partition], lambda: self._store.query(partition, **how))

    def write(self, write: Write) -> None:
        """See the port."""
        self._write([write], lambda: self._store.write(write))

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        self._write(chosen, lambda: self._store.transact(chosen))

    def _read(self, what: str, partitions: Sequence[str], act: Callable[[], T]) -> T:
        for partition in partitions:
            self.touched(partition)
        self.reads += 1
        self._interrupt(what)
        if self._scheduler.in_task and self._faults.happens(Fault.DIES_AT_ONCE):
            self._scheduler.kill(self._scheduler.current.process)
        return act()

    def _write(self, writes: list[Write], act: Callable[[], None]) -> None:
        for write in writes:
            self.touched(key_of(write).partition)
        self.writes += 1
        in_task = self._scheduler.in_task
        what = f"write {len(writes)}, first {key_of(writes[0]).sort}"
        self._interrupt(what)
        if in_task and self._faults.happens(Fault.DIES_BEFORE):
            self._scheduler.kill(self._scheduler.current.process)
        try:
            act()
        except ConditionFailed:
            self.races += 1
            raise
        self.watched(writes)
        self._scheduler.passed(what)
        if in_task and self._faults.happens(Fault.DIES_AFTER):
            self._scheduler.kill(self._scheduler.current.process)

    def _interrupt(self, what: str) -> None:
        if not self._scheduler.in_task:
            return
        slow = self._faults.happens(Fault.STORE_SLOW)
        seconds = self._faults.amount(Fault.STORE_SLOW, 0.5, 9.0) if slow else 0.0
        self._scheduler.step(what, seconds + self._chance.uniform(0.001, 0.02))
        if self._faults.happens(Fault.STORE_BUSY):
            raise StoreBusy("throttled")
