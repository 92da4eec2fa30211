"""The machine (``berth_kube.machine``) that a simulated process runs on."""

from __future__ import annotations

import random
from collections.abc import Callable

from simulation.clocks import ProcessClock
from simulation.scheduler import Process, Scheduler, Task


class VirtualSignal:
    """As ``threading.Event``, on virtual time."""

    def __init__(self, scheduler: Scheduler) -> None:
        self._scheduler = scheduler
        self._waiting: list[Task] = []
        self._is_set = False

    def set(self) -> None:
        """See the protocol."""
        self._is_set = True
        waiting, self._waiting = self._waiting, []
        for task in waiting:
            self._scheduler.wake(task)

    def clear(self) -> None:
        """See the protocol."""
        self._is_set = False

    def is_set(self) -> bool:
        """See the protocol."""
        return self._is_set

    def wait(self, timeout: float | None = None) -> bool:
        """See the protocol."""
        if self._is_set:
            return True
        task = self._scheduler.current
        self._waiting.append(task)
        if timeout is None:
            self._scheduler.park()
        else:
            self._scheduler.park_for(timeout)
        if task in self._waiting:
            self._waiting.remove(task)
        return self._is_set


class VirtualMachine:
    """Time, chance, waiting and threads of one process."""

    def __init__(
        self, scheduler: Scheduler, process: Process, clock: ProcessClock, chance: random.Random
    ) -> None:
        self._scheduler = scheduler
        self._process = process
        self._clock = clock
        self._chance = chance

    def now(self) -> float:
        """See the protocol."""
        return self._clock.monotonic()

    def wall(self) -> float:
        """See the protocol."""
        return self._clock.now()

    def chance(self) -> float:
        """See the protocol."""
        return self._chance.random()

    def signal(self) -> VirtualSignal:
        """See the protocol."""
        return VirtualSignal(self._scheduler)

    def start(self, name: str, act: Callable[[], None]) -> None:
        """See the protocol."""
        self._scheduler.start(f"{self._process.name}/{name}", self._process, act)
