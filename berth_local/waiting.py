"""Waiting on a condition until a deadline."""

import threading
import time
from collections.abc import Callable

_PAUSE_SECONDS = 0.05


def wait_until(holds: Callable[[], bool], otherwise: str, *, seconds: float) -> None:
    """Return when the condition holds. Raises TimeoutError with ``otherwise`` after so many seconds."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not holds():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{otherwise} (waited {seconds:.0f} s)")
        pause.wait(_PAUSE_SECONDS)
