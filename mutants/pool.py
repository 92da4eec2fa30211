"""As many at a time as there are copies, each in a copy of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from queue import Queue
from typing import TypeVar

from mutants.copies import Copy

T = TypeVar("T")
R = TypeVar("R")


class Pool:
    """Hands copies out and takes them back."""

    def __init__(self, copies: Sequence[Copy]) -> None:
        self._size = len(copies)
        self._free: Queue[Copy] = Queue()
        for copy in copies:
            self._free.put(copy)

    def each(self, things: Sequence[T], act: Callable[[Copy, T], R]) -> list[R]:
        """Act on each thing; what came of them, in their order."""

        def one(thing: T) -> R:
            with self.borrowed() as copy:
                return act(copy, thing)

        with ThreadPoolExecutor(self._size) as threads:
            return list(threads.map(one, things))

    @contextmanager
    def borrowed(self) -> Iterator[Copy]:
        """Have a copy for oneself."""
        copy = self._free.get()
        try:
            yield copy
        finally:
            self._free.put(copy)
