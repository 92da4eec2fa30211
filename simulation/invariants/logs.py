"""Rule on everything that is logged: no secret in it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout

from simulation.history import History


class _Lines(io.TextIOBase):
    """Where the control plane's structured log goes."""

    def __init__(self, rules: LogRules) -> None:
        self._rules = rules

    def write(self, text: str) -> int:
        """Check a line."""
        self._rules.look(text)
        return len(text)


class _Handler(logging.Handler):
    """Where everything else is logged."""

    def __init__(self, rules: LogRules) -> None:
        super().__init__()
        self._rules = rules

    def emit(self, record: logging.LogRecord) -> None:
        """Check a record."""
        self._rules.look(record.getMessage())
        if record.levelno >= logging.ERROR and record.exc_info:
            self._rules.fault(record)


class LogRules:
    """In force for the life of ``watching``."""

    def __init__(self, history: History) -> None:
        self._history = history

    def look(self, text: str) -> None:
        """Check what was logged."""
        if "canary-of-" in text:
            self._history.broken("INV-9", f"logged: {text[:200]}")

    def fault(self, record: logging.LogRecord) -> None:
        """An exception was caught where only bugs are caught."""
        assert record.exc_info is not None
        error = record.exc_info[1]
        self._history.broken("INV-20", f"{record.getMessage()}: {type(error).__name__}: {error}")

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Take all logs of the process."""
        root = logging.getLogger()
        before, level, handler = root.handlers[:], root.level, _Handler(self)
        root.handlers[:], root.level = [handler], logging.INFO
        try:
            with redirect_stdout(_Lines(self)):
                yield
        finally:
            root.handlers[:], root.level = before, level
