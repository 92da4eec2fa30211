"""Waiting on conditions, with deadlines."""

import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

_PAUSE_SECONDS = 0.1


def wait_until(holds: Callable[[], bool], otherwise: str, *, seconds: float) -> None:
    """Return when the condition holds. Raises TimeoutError with ``otherwise`` after so many seconds."""
    deadline, pause = time.monotonic() + seconds, threading.Event()
    while not holds():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"{otherwise} (waited {seconds:.0f} s)")
        pause.wait(_PAUSE_SECONDS)


def trust(authority: Path) -> ssl.SSLContext:
    """Return a context that trusts the authority beside the system's."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=str(authority))
    return context
