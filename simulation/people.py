"""What people do: create, start, stop, restart, terminate; click twice; try again when told nothing."""

from __future__ import annotations

import json
import random
from dataclasses import dataclass, field
from typing import Any

from simulation.gateway import Answer, Call, Gateway, NoResponse
from simulation.history import History, Intent
from simulation.installation import Person, Tenant
from simulation.scheduler import Process, Scheduler
from simulation.swarm import Swarm

ATTEMPTS = 4
_WISHES = ("Running", "Stopped", "RestartRequested", "Terminated")
_WEIGHTS = (3, 3, 3, 2)
_DEVFILE = """\
schemaVersion: 2.2.2
metadata:
  name: small
components:
  - name: main
    container:
      image: registry.example/dev:1
"""


@dataclass(eq=False, slots=True)
class User:
    """One person's browser. ``known``: the workspaces whose creation was answered."""

    person: Person
    tenant: Tenant
    swarm: Swarm
    scheduler: Scheduler
    gateway: Gateway
    history: History
    chance: random.Random
    known: list[str] = field(default_factory=list)
    made: int = 0
    is_done: bool = False

    def start(self) -> None:
        """Begin to act."""
        self.scheduler.start(self.person.id, Process(self.person.id), self._live)

    def _live(self) -> None:
        for _ in range(self.swarm.actions):
            self.scheduler.sleep(self.chance.expovariate(1.0 / self.swarm.think))
            self._act()
        self.is_done = True

    def _act(self) -> None:
        if not self.known or self.chance.random() < 0.35:
            self._create_any()
            return
        if self.swarm.moves and self._is_owner() and self.chance.random() < 0.1:
            self.tend(self.chance.choice(self.tenant.agents)[0])
        workspace = self.chance.choice(self.known)
        if self.swarm.moves and len(self.tenant.agents) > 1 and self.chance.random() < 0.25:
            self.move_any(workspace)
            return
        (wish,) = self.chance.choices(_WISHES, _WEIGHTS)
        if self.chance.random() < 0.15:
            # Two tabs, or two clicks: nobody waits for the other.
            name = f"{self.person.id}/tab"
            self.scheduler.start(name, Process(name), lambda: self.want(workspace, wish))
        if self.chance.random() < 0.1:
            self.send(Call("GET", "/api/v1/workspaces", self.person.token, tenant=self.tenant.id))
        self.want(workspace, wish)

    def _is_owner(self) -> bool:
        return self.person is self.tenant.people[0]

    def _create_any(self) -> None:
        agent_id, _ = self.chance.choice(self.tenant.agents)
        self.made += 1
        self.create(agent_id, f"{self.person.id}-{self.made}")

    def create(self, agent_id: str, key: str, *, with_secrets: bool = True) -> Answer | None:
        """Create a workspace under an idempotency key."""
        secret = self.history.canary(key)
        variables = [
            {"name": "TOKEN", "value": secret},
            {"name": "TOKEN_FILE", "kind": "file", "value": secret},
        ]
        body = {
            "name": f"w{key.rpartition('-')[2]}",
            "agent_id": agent_id,
            "devfile": _DEVFILE,
            "variables": variables if with_secrets else [],
        }
        call = self.call("POST", "/api/v1/workspaces", body, headers={"Idempotency-Key": key})
        answer = self.send(call)
        is_bad = answer is not None and answer.status in (400, 422)
        if answer is not None and is_bad and b'"agent-cordoned"' not in answer.body:
            self.history.broken("workload", f"a creation is bad: {answer.body[:300]!r}")
        if answer is not None and answer.status == 201:
            made = answer.json
            self.known.append(made["id"])
            self.history.belongs(key, made["id"])
        return answer

    def want(self, workspace: str, wish: str) -> Answer | None:
        """Want a workspace to be so."""
        where = {"workspace_id": workspace}
        resource = "/api/v1/workspaces/{workspace_id}"
        if wish == "Terminated":
            call = self.call("DELETE", resource, None, parameters=where)
        else:
            call = self.call("PATCH", resource, {"desired": wish}, parameters=where)
        began = self.scheduler.now
        answer = self.send(call)
        if answer is not None and answer.status in (200, 202):
            shown = answer.json
            self.history.accepted(
                Intent(workspace, wish, int(shown["generation"]), began, self.scheduler.now)
            )
        return answer

    def move_any(self, workspace: str) -> None:
        """Move a workspace to any agent, or call a move off."""
        if self.chance.random() < 0.25:
            self.call_off(workspace)
        else:
            self.move(workspace, self.chance.choice(self.tenant.agents)[0])

    def move(self, workspace: str, agent_id: str) -> Answer | None:
        """Want a workspace to be at another agent."""
        return self._want_place("POST", workspace, {"agent_id": agent_id, "discard_volume": True})

    def call_off(self, workspace: str) -> Answer | None:
        """Want a workspace to stay where it is."""
        return self._want_place("DELETE", workspace, None)

    def _want_place(self, method: str, workspace: str, body: Any) -> Answer | None:
        self.made += 1
        resource, where = "/api/v1/workspaces/{workspace_id}/move", {"workspace_id": workspace}
        key = {} if body is None else {"Idempotency-Key": f"{self.person.id}-asks-{self.made}"}
        began = self.scheduler.now
        answer = self.send(self.call(method, resource, body, parameters=where, headers=key))
        if answer is not None and answer.status in (200, 202):
            shown = answer.json
            generation, ended = int(shown["generation"]), self.scheduler.now
            self.history.accepted(Intent(workspace, shown["desired"], generation, began, ended))
        return answer

    def tend(self, agent_id: str) -> Answer | None:
        """Cordon an agent, drain it, or let it have workspaces again."""
        (verb,) = self.chance.choices(("cordon", "uncordon", "drain"), (2, 4, 1))
        self.made += 1
        key = {"Idempotency-Key": f"{self.person.id}-asks-{self.made}"}
        resource, where = f"/api/v1/agents/{{agent_id}}/{verb}", {"agent_id": agent_id}
        return self.send(self.call("POST", resource, {}, parameters=where, headers=key))

    def send(self, call: Call) -> Answer | None:
        """Send, and again while nobody knows whether it happened."""
        for attempt in range(ATTEMPTS):
            try:
                answer = self.gateway.exchange(call)
            except NoResponse:
                answer = None
            told = "nothing" if answer is None else str(answer.status)
            self.history.tell(f"{self.person.id} {call.method} {call.path} is told {told}")
            if answer is not None and answer.status < 500 and answer.status != 429:
                return _whole(answer)
            self.scheduler.sleep(self.chance.uniform(0.5, 2.0) * 2**attempt)
        return None

    def call(self, method: str, resource: str, body: Any, **more: Any) -> Call:
        """A request of this person."""
        content = b"" if body is None else json.dumps(body).encode()
        return Call(method, resource, self.person.token, content, tenant=self.tenant.id, **more)


def _whole(answer: Answer) -> Answer | None:
    """An answer that was cut short says nothing."""
    try:
        json.loads(answer.body or b"{}")
    except ValueError:
        return None
    return answer
