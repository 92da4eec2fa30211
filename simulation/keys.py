"""A key service in memory: contexts are bound into what it wraps, and it throttles."""

from __future__ import annotations

import random

from chalicelib.ports.keys import Context, DataKey, KeyRefused, KeyServiceBusy
from chalicelib.wire.canonical import canonical
from simulation.faults import Fault, Faults
from simulation.scheduler import Scheduler


class SimulatedKeys:
    """The MasterKey port. A wrapped key is a number; the keeper remembers what it stands for."""

    def __init__(self, scheduler: Scheduler, faults: Faults, chance: random.Random) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._chance = chance
        self._kept: dict[bytes, tuple[bytes, bytes]] = {}
        self.opened = 0

    def make_data_key(self, context: Context) -> DataKey:
        """See the port."""
        self._call("keys make")
        plain, wrapped = self._chance.randbytes(32), self._chance.randbytes(16)
        self._kept[wrapped] = (plain, canonical(dict(context)))
        return DataKey(plain, wrapped)

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        """See the port."""
        self._call("keys open")
        self.opened += 1
        plain, bound = self._kept.get(wrapped, (b"", b""))
        if not plain or bound != canonical(dict(context)):
            message = "the wrapped key is of another master key or another context"
            raise KeyRefused(message)
        return plain

    def _call(self, what: str) -> None:
        if not self._scheduler.in_task:
            return
        self._scheduler.step(what, self._chance.uniform(0.001, 0.01))
        if self._faults.happens(Fault.KEYS_BUSY):
            raise KeyServiceBusy
