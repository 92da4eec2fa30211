"""Waiting for a state: one live line on a terminal, plain lines elsewhere."""

import os
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from berth_cli.client import Json
from berth_cli.failures import Exit, Failure
from berth_cli.terminal import safe

_POLL_SECONDS = 0.5
_USUAL_COLUMNS = 80
_UNWELL = frozenset({"Failed", "Error"})
_OLD_NEWS_SECONDS = 10
"""How long a workspace may stay as unwell as it was before the wish: its agent asks every 10 s or sooner."""
_NEVER_ACKNOWLEDGED = frozenset({"Terminated", "Error"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to wait for, at which agent where that matters, and how long (seconds)."""

    state: str
    timeout: float
    agent_id: str = ""


class _Line:
    """The phase and its seconds; rewritten in place on a terminal."""

    def __init__(self) -> None:
        self._live = sys.stderr.isatty()
        self._phase = ""
        self._began = time.monotonic()

    def show(self, phase: str) -> None:
        if phase != self._phase:
            self._end()
            self._phase, self._began = phase, time.monotonic()
            if not self._live:
                sys.stderr.write(f"{phase}\n")
        if self._live:
            seconds = f"  {time.monotonic() - self._began:.0f} s"
            # A line that wraps could not be rewritten.
            room = _columns() - len(seconds) - 1
            sys.stderr.write(f"\r\x1b[K{phase[:room]}{seconds}")
        sys.stderr.flush()

    def close(self) -> None:
        self._end()
        self._phase = ""

    def _end(self) -> None:
        if self._live and self._phase:
            seconds = time.monotonic() - self._began
            sys.stderr.write(f"\r\x1b[K{self._phase}  {seconds:.1f} s\n")


def _columns() -> int:
    """Width of the terminal that progress is shown on; some report 0."""
    return os.get_terminal_size(sys.stderr.fileno()).columns or _USUAL_COLUMNS


@dataclass(slots=True)
class _Watch:
    """Reads a workspace again and again until a deadline."""

    read: Callable[[], Json]
    wanted: Wanted
    began: float = field(default_factory=time.monotonic)
    last: Json = field(default_factory=dict)

    def look(self) -> str:
        """Read once and return the phase. A control plane that is away for a while ends nothing."""
        try:
            self.last = self.read()
        except Failure as failure:
            if failure.code is not Exit.UNREACHABLE or self.is_over():
                raise
            return safe(str(failure))
        away = "" if self.last.get("agent_online", True) else " (its agent is offline)"
        return f"{safe(self.last['actual'])}{away}{_because(self.last)}"

    def is_over(self) -> bool:
        return time.monotonic() >= self.began + self.wanted.timeout

    def is_reached(self) -> bool:
        """Whether the state is that of the newest wish: an older one's must not count."""
        counts = _is_acknowledged(self.last) or self.wanted.state in _NEVER_ACKNOWLEDGED
        return bool(self.last["actual"] == self.wanted.state and counts and self._is_there())

    def check(self) -> None:
        """Raise Failure where waiting on is of no use."""
        name, actual, desired = (safe(self.last[each]) for each in ("name", "actual", "desired"))
        if actual == "Terminated" or desired == "Terminated" != self.wanted.state:
            raise Failure(f"{name} is terminated", Exit.MISSING)
        if desired != "MoveRequested" and not self._is_there():
            message = f"{name} does not move any more: somebody called it off, or that agent left"
            raise Failure(message, Exit.REFUSED)
        reason = self.last.get("reason") or {}
        if actual in _UNWELL and not reason.get("retrying", True) and self._is_news():
            raise Failure(f"{name} is {actual}{_because(self.last)}{_hint(reason)}", Exit.UNWELL)
        if self.is_over():
            waited = f"after {self.wanted.timeout:.0f} s"
            message = f"{name} is {actual}, not {self.wanted.state}, {waited}"
            raise Failure(f"{message}{_because(self.last)}{_hint(reason)}", Exit.TIMED_OUT)

    def _is_there(self) -> bool:
        return self.wanted.agent_id in {"", self.last.get("agent_id")}

    def _is_news(self) -> bool:
        """Whether what is shown came after the wish: an earlier trouble may be what it mends."""
        return (
            _is_acknowledged(self.last)
            or self.last["actual_at"] > self.last["desired_at"]
            or time.monotonic() >= self.began + _OLD_NEWS_SECONDS
        )


def wait_for(read: Callable[[], Json], wanted: Wanted) -> Json:
    """Read the workspace until its actual state is the wanted one, and return it.

    Raises Failure when time runs out, when the workspace can no longer get there, or when it is
    unwell for a reason that does not heal by itself.
    """
    watch, line, pause = _Watch(read, wanted), _Line(), threading.Event()
    try:
        while True:
            line.show(watch.look())
            if watch.last:
                if watch.is_reached():
                    return watch.last
                watch.check()
            pause.wait(_POLL_SECONDS)
    finally:
        line.close()


def _is_acknowledged(workspace: Json) -> bool:
    return bool(workspace["acknowledged"] >= workspace["generation"])


def _because(workspace: Json) -> str:
    reason = workspace.get("reason")
    return f": {safe(reason['message'])}" if reason else ""


def _hint(reason: Json) -> str:
    hint = reason.get("hint")
    return f"\n  {safe(hint)}" if hint else ""
