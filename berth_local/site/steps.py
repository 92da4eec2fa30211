"""Steps with their seconds, told live: one line each."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TextIO


@dataclass(frozen=True, slots=True)
class Step:
    """A step that ended."""

    text: str
    seconds: float
    passed: bool


@dataclass(slots=True)
class Steps:
    """Prints each step as it begins and its seconds as it ends."""

    stream: TextIO = field(default_factory=lambda: sys.stdout)
    done: list[Step] = field(default_factory=list)

    @contextmanager
    def step(self, text: str) -> Iterator[None]:
        """Tell what is being done, and how long it took; a failure is marked and goes on up."""
        live = self.stream.isatty()
        if live:
            self._write(f"  ...     {text}\r")
        began, passed = time.monotonic(), False
        try:
            yield
            passed = True
        finally:
            seconds = time.monotonic() - began
            self.done.append(Step(text, seconds, passed))
            clear = "\x1b[K" if live else ""
            self._write(f"{clear}{seconds:7.1f} s  {'' if passed else 'FAILED: '}{text}\n")

    def say(self, text: str) -> None:
        """Print a line of its own."""
        self._write(f"           {text}\n")

    def total(self) -> float:
        """Return the seconds of all steps together."""
        return sum(step.seconds for step in self.done)

    def _write(self, text: str) -> None:
        self.stream.write(text)
        self.stream.flush()
