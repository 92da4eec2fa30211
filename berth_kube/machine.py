"""What loops that wait run on: time, chance, waiting and threads, as one seam.

Programs run on ``THREADS``. A simulator brings a machine of its own and runs the same loops in one
thread, under its own clock.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable
from typing import Protocol


class Signal(Protocol):
    """As ``threading.Event``."""

    def set(self) -> None:
        """Let all pass who wait."""
        ...

    def clear(self) -> None:
        """Let nobody pass."""
        ...

    def is_set(self) -> bool:
        """Whether one passes."""
        ...

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is set, at most ``timeout`` seconds; whether it is."""
        ...


class Machine(Protocol):
    """One process's machine."""

    def now(self) -> float:
        """Seconds that never go back."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, UTC, as far as this machine knows."""
        ...

    def chance(self) -> float:
        """A random number in [0, 1), to spread requests: no secret."""
        ...

    def signal(self) -> Signal:
        """A new signal, not set."""
        ...

    def start(self, name: str, act: Callable[[], None]) -> None:
        """Run beside the caller; the process does not wait for it at its end."""
        ...


class Threads:
    """The machine that Python gives."""

    def now(self) -> float:
        """See the protocol."""
        return time.monotonic()

    def wall(self) -> float:
        """See the protocol."""
        return time.time()

    def chance(self) -> float:
        """See the protocol."""
        return random.random()  # noqa: S311 - spreads requests

    def signal(self) -> Signal:
        """See the protocol."""
        return threading.Event()

    def start(self, name: str, act: Callable[[], None]) -> None:
        """See the protocol."""
        threading.Thread(target=act, name=name, daemon=True).start()


THREADS = Threads()
