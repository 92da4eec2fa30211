"""Waiting for a state: one live line on a terminal, plain lines elsewhere."""

import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from berth_cli.client import Json
from berth_cli.failures import Exit, Failure
from berth_cli.output import safe

_POLL_SECONDS = 0.5
_UNWELL = frozenset({"Failed", "Error"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to wait for, and how long (seconds)."""

    state: str
    timeout: float


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
            sys.stderr.write(f"\r\x1b[K{phase}  {time.monotonic() - self._began:.0f} s")
            sys.stderr.flush()

    def close(self) -> None:
        self._end()
        self._phase = ""

    def _end(self) -> None:
        if self._live and self._phase:
            seconds = time.monotonic() - self._began
            sys.stderr.write(f"\r\x1b[K{self._phase}  {seconds:.1f} s\n")


def wait_for(read: Callable[[], Json], wanted: Wanted) -> Json:
    """Read the workspace until its actual state is the wanted one, and return it.

    Raises Failure when time runs out, when the workspace can no longer get there, or when it is
    unwell for a reason that does not heal by itself.
    """
    deadline, line, pause = time.monotonic() + wanted.timeout, _Line(), threading.Event()
    try:
        while True:
            workspace = read()
            line.show(_phase(workspace))
            if _is_reached(workspace, wanted.state):
                return workspace
            _check(workspace, wanted)
            if time.monotonic() >= deadline:
                raise Failure(
                    f"{workspace['name']} is {workspace['actual']}, not {wanted.state},"
                    f" after {wanted.timeout:.0f} s{_because(workspace)}",
                    Exit.TIMED_OUT,
                )
            pause.wait(_POLL_SECONDS)
    finally:
        line.close()


def _is_reached(workspace: Json, state: str) -> bool:
    """Whether the state is that of the newest wish: an older one's must not count."""
    current = workspace["acknowledged"] >= workspace["generation"] or state == "Terminated"
    return bool(workspace["actual"] == state and current)


def _check(workspace: Json, wanted: Wanted) -> None:
    reason = workspace.get("reason") or {}
    if workspace["actual"] == "Terminated" or (
        workspace["desired"] == "Terminated" != wanted.state
    ):
        raise Failure(f"{workspace['name']} is terminated", Exit.MISSING)
    if workspace["actual"] in _UNWELL and not reason.get("retrying", True):
        raise Failure(
            f"{workspace['name']} is {workspace['actual']}{_because(workspace)}", Exit.UNWELL
        )


def _phase(workspace: Json) -> str:
    away = "" if workspace.get("agent_online", True) else " (its agent is offline)"
    return f"{safe(workspace['actual'])}{away}{_because(workspace)}"


def _because(workspace: Json) -> str:
    reason = workspace.get("reason")
    return f": {safe(reason['message'])}" if reason else ""
