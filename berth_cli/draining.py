"""Draining an agent: what it has is stopped, or moved, until nothing is left."""

import sys
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field

from berth_cli import workspaces
from berth_cli.client import Client, Json
from berth_cli.failures import Exit, Failure
from berth_cli.terminal import safe

_POLL_SECONDS = 2.0


@dataclass(slots=True)
class _Wait:
    """Tells how much is left, where that changed, and pauses; fails when time is up."""

    until: float
    told: str = ""
    _never: threading.Event = field(default_factory=threading.Event)

    def go_on(self, left: str, pause: float = _POLL_SECONDS) -> None:
        if time.monotonic() >= self.until:
            raise Failure(f"not drained yet: {left}", Exit.TIMED_OUT)
        if left != self.told:
            self.told = left
            sys.stderr.write(f"{safe(left)}\n")
        self._never.wait(pause)


def stop_all(client: Client, path: str, until: float | None) -> str:
    """Stop what an agent has, wait until a moment (monotonic) unless it is None, and say what is left.

    Each request also goes on with the drain, and all are one: an uncordon meanwhile ends it.
    """
    key, wait = str(uuid.uuid4()), _Wait(until or 0.0)
    while True:
        drained = client.post(path, {}, key=key)
        count = drained["unasked"] + drained["stopping"]
        left = f"{count} workspaces are left to stop" if count else "every workspace is stopped"
        if until is None or not count:
            return left
        if not drained["draining"]:
            raise Failure(f"the agent was uncordoned: {left}", Exit.REFUSED)
        wait.go_on(left, 0.0 if drained["unasked"] else _POLL_SECONDS)


def move_all(client: Client, agents: tuple[str, str], until: float | None) -> str:
    """Move what an agent has to another, as ``stop_all``. What is refused is told, and stays."""
    refused: dict[str, str] = {}
    wait = _Wait(until or 0.0)
    while True:
        here = list(_living(client, agents[0]))
        for each in here:
            if each["moving_to"] != agents[1] and each["id"] not in refused:
                _move(client, each["id"], agents[1], refused)
        count = sum(each["id"] not in refused for each in here)
        left = f"{count} workspaces are left to move" if count else "every workspace has moved"
        if count and until is not None:
            wait.go_on(left)
        elif refused:
            lines = [f"{name}: {why}" for name, why in sorted(refused.items())]
            raise Failure("\n".join([f"{len(refused)} were not moved", *lines]), Exit.REFUSED)
        else:
            return left


def _living(client: Client, agent_id: str) -> Iterator[Json]:
    found = client.items("/api/v1/workspaces", agent=agent_id)
    return (each for each in found if each["desired"] != "Terminated")


def _move(client: Client, workspace_id: str, agent_id: str, refused: dict[str, str]) -> None:
    try:
        workspaces.move(client, workspace_id, agent_id)
    except Failure as failure:
        if failure.code is not Exit.REFUSED:
            raise
        refused[workspace_id] = str(failure)
