"""Asking again until the answer is there, with a deadline."""

import threading
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_PAUSE_SECONDS = 0.1


def first(
    ask: Callable[[], T | None], what: str, *, seconds: float, pause: float = _PAUSE_SECONDS
) -> T:
    """Return the first answer that is neither None nor False. Raises TimeoutError with ``what`` after so many seconds."""
    deadline, between = time.monotonic() + seconds, threading.Event()
    while True:
        answer = ask()
        if answer is not None and answer is not False:
            return answer
        if time.monotonic() >= deadline:
            raise TimeoutError(f"not within {seconds:.0f} s: {what}")
        between.wait(pause)


def always(holds: Callable[[], bool], what: str, *, seconds: float) -> None:
    """Watch that something stays true for so many seconds. Raises AssertionError with ``what`` when it does not."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while time.monotonic() < deadline:
        assert holds(), what
        pause.wait(_PAUSE_SECONDS)
