"""Nothing that is not simulated may be asked while a seed runs: it would make replays differ.

Time, chance, threads and sockets of Python itself are barred for the code under test; libraries may
still look at a clock for their own log records.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

_OURS = ("app", "berth_", "chalicelib", "simulation")
_BARRED: tuple[tuple[Any, str], ...] = (
    (time, "time"),
    (time, "monotonic"),
    (time, "perf_counter"),
    (time, "sleep"),
    (os, "urandom"),
    (secrets, "token_bytes"),
    (secrets, "token_hex"),
    (secrets, "token_urlsafe"),
    (random, "random"),
    (random, "choice"),
    (uuid, "uuid4"),
    (threading.Thread, "start"),
    (socket, "create_connection"),
)


class NotSimulated(Exception):
    """Code under test reached past its seams."""


@contextmanager
def guarded() -> Iterator[None]:
    """Bar it all for the life of the context."""
    with ExitStack() as held:
        for place, name in _BARRED:
            held.enter_context(_barred(place, name))
        yield


@contextmanager
def _barred(place: ModuleType | type, name: str) -> Iterator[None]:
    real: Callable[..., Any] = getattr(place, name)

    def asked(*arguments: Any, **more: Any) -> Any:
        caller = str(sys._getframe(1).f_globals.get("__name__", ""))  # noqa: SLF001 - who asks is the question
        if caller.startswith(_OURS):
            raise NotSimulated(f"{caller} asks {name}, which the simulation does not steer")
        return real(*arguments, **more)

    setattr(place, name, asked)
    try:
        yield
    finally:
        setattr(place, name, real)
