"""An installation with a row of every kind, and a conversation with its agents: what is recorded of each protocol.

The first part makes rows, and is played by the release that is recorded alone. The second part is what people and an
agent of that release say afterwards, with what they were answered: later releases must answer as well.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from chalicelib.domain.access.roles import Role
from chalicelib.records import drains, people
from chalicelib.usecases.audit.checkpoint import write_checkpoints
from chalicelib.wire.reconcile import ReconcileRequest, ReconcileResponse
from tests.api.world import DEVFILE, World
from tests.builders import PaperCluster

VARIABLE = "value-of-a-variable"
_VERIFIER = "v" * 43


@dataclass(frozen=True)
class Said:
    """A request and its answer, as JSON."""

    method: str
    path: str
    token: str = field(repr=False)
    body: Any
    status: int
    answer: Any


class SpokenCluster(PaperCluster):
    """It speaks HTTP, by a caller."""

    def __init__(self, call: Callable[..., Any], token: str) -> None:
        self._call, self._token = call, token
        self.live, self.tombstones, self.applied, self.told = {}, {}, {}, {}

    def ask(self, request: ReconcileRequest, remaining: float = 25.0) -> ReconcileResponse:
        """Send a request as this agent of this release does: with all of its fields."""
        body = request.model_dump(mode="json")
        answer = self._call("POST", "/agent/v1/reconcile", self._token, body)
        return ReconcileResponse.model_validate(answer)


@dataclass
class Story:
    """Is told once: ``prepare``, then ``converse``."""

    world: World
    said: list[Said] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.owner = self.world.token()
        self.first, self.second = self.world.agent(), self.world.agent()
        self.cluster = SpokenCluster(self._call, self.first.token)
        self.workspaces: dict[str, str] = {}

    def prepare(self) -> None:
        """Make a row of every kind."""
        world = self.world
        world.store.write(people.bootstrapped(world.clock.at, world.organisation))
        world.session()
        self._call("POST", "/api/v1/invitations", self.owner, {"role": "developer"})
        world.member(Role.DEVELOPER)
        for name in ("runs", "stops", "ends", "moves"):
            self._create(name)
        self._create("once", {"Idempotency-Key": "once"})
        self.cluster.poll("full")
        self.cluster.settle()
        self._wish("stops", {"desired": "Stopped"})
        self._call("DELETE", self._path("ends"), self.owner)
        self.cluster.settle()
        self._move()
        write_checkpoints(world.ports, remaining=lambda: 60.0)
        self._create("waits")
        self._enter("runs")
        self._orphan_and_half_a_transfer()
        world.store.write(drains.put(self.second.agent))
        self.said.clear()

    def converse(self) -> None:
        """Look at all there is, then change it, with an agent that goes on."""
        for path in self._pages():
            self._call("GET", path, self.owner)
        introduction = {"protocol": 1, "epoch": 2, "instance": "pod-2", "namespace": "berth"}
        self._call("POST", "/agent/v1/prerequisites", self.first.token, introduction)
        self.cluster.epoch = 2
        self.cluster.poll("full")
        self.cluster.settle()
        self._wish("stops", {"desired": "Running"})
        self._wish("runs", {"desired": "Stopped"})
        self.cluster.settle()
        self._call("DELETE", self._path("waits"), self.owner)
        self.cluster.settle()
        for name in self.workspaces:
            self._call("GET", self._path(name), self.owner)

    def _pages(self) -> Iterator[str]:
        yield from ("/api/v1/me", "/api/v1/organisation", "/api/v1/organisation/quotas")
        yield from ("/api/v1/members", "/api/v1/tokens", "/api/v1/agents", "/api/v1/workspaces")
        yield from ("/api/v1/audit/records", "/api/v1/audit/checkpoints")
        yield "/api/v1/audit/verification"
        for name in self.workspaces:
            yield from (f"{self._path(name)}{more}" for more in ("", "/events", "/variables"))

    def _path(self, name: str) -> str:
        return f"/api/v1/workspaces/{self.workspaces[name]}"

    def _wish(self, name: str, wish: dict[str, str]) -> None:
        self._call("PATCH", self._path(name), self.owner, wish)

    def _create(self, name: str, headers: dict[str, str] | None = None) -> None:
        body = {
            "name": name,
            "agent_id": self.first.agent.id,
            "devfile": DEVFILE,
            "variables": [{"name": "TOKEN", "value": VARIABLE}],
        }
        made = self._call("POST", "/api/v1/workspaces", self.owner, body, headers)
        self.workspaces[name] = made["id"]

    def _move(self) -> None:
        body = {"agent_id": self.second.agent.id, "discard_volume": True}
        self._call("POST", f"{self._path('moves')}/move", self.owner, body)

    def _enter(self, name: str) -> None:
        """Come in by the proxy: an admission, and a ticket that is used up."""
        host = f"7681-{self.workspaces[name]}.ws.berth.test"
        challenge = urlsafe_b64encode(hashlib.sha256(_VERIFIER.encode()).digest()).rstrip(b"=")
        asked = f"host={host}&path={quote('/', safe='')}&challenge={challenge.decode()}"
        location = self.world.browse("GET", f"/enter?{asked}", self.world.session())
        ticket = parse_qs(urlsplit(str(location.headers["Location"])).query)["ticket"][0]
        body = {"ticket": ticket, "host": host, "verifier": _VERIFIER}
        self._call("POST", "/agent/v1/admissions", self.world.proxy(self.first), body)

    def _orphan_and_half_a_transfer(self) -> None:
        reports = [each.model_dump(mode="json") for each in self.cluster.reports()]
        strange = {**reports[0], "workspace_id": "ws-zzzzzzzzzzzz"}
        page = {"id": "half", "page": 0, "last": False}
        said = self.cluster.request().model_dump(mode="json")
        said |= {"update_type": "full", "full_sync": page, "reports": [*reports, strange]}
        self._call("POST", "/agent/v1/reconcile", self.first.token, said)

    def _call(
        self,
        method: str,
        path: str,
        token: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        answer = self.world.call(method, path, token=token, body=body, headers=headers)
        assert answer.status_code < 300, (method, path, answer.body)
        content = answer.json_body if answer.body else None
        self.said.append(Said(method, path, token, body, answer.status_code, content))
        return content
