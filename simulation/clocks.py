"""The clocks of one process: they drift, and the wall clock jumps."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.scheduler import Scheduler

START = 1_900_000_000.0
"""Seconds since the epoch at which every simulation begins."""


@dataclass(slots=True)
class ProcessClock:
    """``offset`` in seconds, ``drift`` in seconds gained a second."""

    scheduler: Scheduler
    offset: float = 0.0
    drift: float = 0.0

    def now(self) -> float:
        """Seconds since the epoch, as this process believes."""
        return START + self.offset + self.monotonic()

    def monotonic(self) -> float:
        """Seconds since the beginning, as this process counts them."""
        return self.scheduler.now * (1.0 + self.drift)

    def pause(self, seconds: float) -> None:
        """Let the running task wait."""
        self.scheduler.step("pauses", seconds)

    def jump(self, seconds: float) -> None:
        """Set the wall clock."""
        self.offset += seconds
