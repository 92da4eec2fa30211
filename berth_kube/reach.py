"""Whether the API server answers: while it does not, one asks for all."""

from __future__ import annotations

import threading

from berth_kube.backoff import Backoff
from berth_kube.machine import THREADS, Machine, Signal

FIRST, CAP = 0.8, 5.0
"""Seconds between two questions of an outage. Five reflectors that each asked at client-go's pace
would be a crowd, at the door of a server that is just getting up."""

_LOOK = 1.0
"""Seconds after which one that waits looks whether it is to stop."""


class Reach:
    """Shared by the reflectors of one process; from any thread.

    A server that gave no answer is asked by one of them at a time, less and less often. Its first
    answer lets all of them go on at once.
    """

    def __init__(
        self, machine: Machine = THREADS, *, first: float = FIRST, cap: float = CAP
    ) -> None:
        self.machine = machine
        self._backoff = Backoff(first, cap)
        self._lock = threading.Lock()
        self._answers = machine.signal()
        self._answers.set()
        self._due = 0.0

    def answered(self) -> None:
        """The server answered, whatever it said."""
        with self._lock:
            self._backoff.reset()
            self._answers.set()

    def lost(self) -> None:
        """A question got no answer."""
        with self._lock:
            if self._answers.is_set():
                self._answers.clear()
                self._due = self._next()

    def await_turn(self, stopping: Signal) -> None:
        """Return when the caller may ask, or is to stop."""
        while not stopping.is_set() and (pause := self._pause()):
            self._answers.wait(min(pause, _LOOK))

    def _pause(self) -> float:
        """Seconds until a turn is free; 0 gives it to the caller."""
        with self._lock:
            now = self.machine.now()
            if self._answers.is_set():
                return 0.0
            if now < self._due:
                return self._due - now
            self._due = self._next()
            return 0.0

    def _next(self) -> float:
        return self.machine.now() + self._backoff.next(self.machine.chance())
