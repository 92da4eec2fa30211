"""A byzantine agent: it has a valid token, and says whatever does harm.

It forges reports of its own and of others' workspaces, replays what was said, ends full transfers
that it never sent, and claims to be newer than anybody. Nothing of it may change what other agents'
workspaces are, or what people want.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulation.gateway import Answer, Call, Gateway, NoResponse
from simulation.history import History
from simulation.scheduler import Process, Scheduler

_PHASES = ("Absent", "Active", "Terminating")
_LARGE = 2**53
_LATEST = 2**32 - 1
"""The highest epoch that is taken at all."""


@dataclass(eq=False, slots=True)
class Liar:
    """``workspaces`` gives every id that there is, whoever's it is."""

    scheduler: Scheduler
    gateway: Gateway
    history: History
    chance: random.Random
    token: str = field(repr=False)
    tenant: str
    agent_id: str
    workspaces: Callable[[], Sequence[str]]
    said: list[bytes] = field(default_factory=list)
    silent: bool = False

    def start(self) -> None:
        """Begin to lie."""
        self.scheduler.start("liar", Process("liar"), self._live)

    def _live(self) -> None:
        while not self.silent:
            self.scheduler.sleep(self.chance.expovariate(0.2))
            answer = self._say()
            if answer is not None and answer.status >= 400:
                self.history.sometimes("byzantine agent refused")

    def _say(self) -> Answer | None:
        body = self._message()
        self.said.append(body)
        try:
            return self.gateway.exchange(
                Call(
                    "POST",
                    "/agent/v1/reconcile",
                    self.token,
                    body,
                    tenant=self.tenant,
                    subject=self.agent_id,
                )
            )
        except NoResponse:
            return None

    def _message(self) -> bytes:
        if self.said and self.chance.random() < 0.2:
            return self.chance.choice(self.said)
        known = list(self.workspaces())
        count = min(len(known), self.chance.randint(0, 3))
        message: dict[str, Any] = {
            "protocol": 1,
            "update_type": self.chance.choice(("full", "partial")),
            "epoch": self.chance.choice(
                (0, 31_666_666, 31_666_667, self.chance.randint(0, _LATEST))
            ),
            "instance": "liar",
            "intent": self.chance.choice((-1, 0, self.chance.randint(0, 100))),
            "reports": [self._report(each) for each in self.chance.sample(known, count)],
        }
        if message["update_type"] == "full":
            page = self.chance.randint(0, 2)
            message["full_sync"] = {"id": "x", "page": page, "last": self.chance.random() < 0.7}
        if self.chance.random() < 0.1:
            message["cursor"] = self.chance.choice(("", "forged", "a.b.c"))
        return json.dumps(message).encode()

    def _report(self, workspace_id: str) -> dict[str, Any]:
        number = self.chance.randint
        return {
            "workspace_id": workspace_id,
            "resource_version": self.chance.choice((0, number(1000, 9000), number(0, _LARGE))),
            "generation": number(0, 6),
            "namespace": self.chance.choice(_PHASES),
            "tombstone": self.chance.choice((None, None, number(0, 6))),
            "pods": number(0, 2),
            "spec_digest": "lie",
            "secrets_digest": self.chance.choice(("", "lie")),
            "deployment": self.chance.choice(
                (None, {"generation": 1, "observed_generation": 1, "replicas": number(0, 1)})
            ),
        }
