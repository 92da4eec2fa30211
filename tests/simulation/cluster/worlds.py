"""The two worlds of the contract suite: the model, and a real API server."""

from __future__ import annotations

import heapq
import random
import secrets
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import msgspec

from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.kinds import Kind
from berth_kube.transport import Request, Response, Transport
from simulation.cluster.controllers import CALM, Controllers, Weather
from simulation.cluster.rights import ADMIN, AGENT
from simulation.cluster.server import ApiServer
from simulation.cluster.transport import Direct
from simulation.cluster.watching import Watch
from tests import waiting
from tests.agent.conftest import Installed

Object = dict[str, Any]
WHOLE = {"Accept": "application/json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}


DEFINITION = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "things.trial.berth.test"},
    "spec": {
        "group": "trial.berth.test",
        "names": {"kind": "Thing", "plural": "things"},
        "scope": "Namespaced",
        "versions": [
            {
                "name": "v1",
                "served": True,
                "storage": True,
                "schema": {"openAPIV3Schema": {"type": "object"}},
            }
        ],
    },
}


class Line(msgspec.Struct):
    """One event of a watch."""

    type: str
    object: Object

    @property
    def told(self) -> tuple[str, str]:
        """Type and name."""
        return self.type, self.object["metadata"].get("name", "")

    @property
    def version(self) -> int:
        """Of the object."""
        return int(self.object["metadata"]["resourceVersion"])


class World:
    """An API server, as the administrator and as the agent."""

    def __init__(self, admin: Transport, agent: Transport, name: Callable[[], str]) -> None:
        self.transport = admin
        self.admin = Client(admin, manager="trial")
        self.other = Client(admin, manager="other")
        self.agent = Client(agent, manager="berth-agent")
        self.agent_transport = agent
        self.fresh = name

    def eventually(self, predicate: Callable[[], bool], what: str) -> None:
        """Wait until it is true."""
        raise NotImplementedError

    def forgetful(self) -> Kind:
        """Return a kind of which the server does not remember the first version."""
        raise NotImplementedError

    def node(self) -> str:
        """Name of a node."""
        raise NotImplementedError

    def namespace(self, name: str = "") -> str:
        """Make a namespace."""
        name = name or f"trial-{self.fresh()}"
        self.admin.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
        return name

    def raw(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """Send anything as the administrator."""
        data = None if body is None else msgspec.json.encode(body)
        sent = {"Content-Type": "application/json", **WHOLE, **(headers or {})}
        return self.transport.send(Request(method, path, query or {}, data, sent))

    def read(self, kind: Kind, name: str, namespace: str = "") -> Object:
        """Read an object whole; empty when there is none."""
        answer = self.raw("GET", kind.path(namespace, name))
        found: Object = msgspec.json.decode(answer.body) if answer.status == 200 else {}
        return found

    def listed(self, kind: Kind, namespace: str = "", **query: str) -> Object:
        """Read a list whole."""
        answer = self.raw("GET", kind.path(namespace), query=query)
        assert answer.status == 200, answer.body
        found: Object = msgspec.json.decode(answer.body)
        return found

    def version(self, kind: Kind, name: str, namespace: str = "") -> int:
        """Resource version of an object."""
        return int(self.read(kind, name, namespace)["metadata"]["resourceVersion"])

    def now(self, kind: Kind, namespace: str) -> str:
        """Resource version of a list."""
        return str(self.listed(kind, namespace, limit="1")["metadata"]["resourceVersion"])

    @contextmanager
    def watching(self, kind: Kind, namespace: str = "", **query: str) -> Iterator[Iterator[Line]]:
        """Watch as the administrator; the events as they come."""
        seconds = {"timeoutSeconds": "8", **query}
        with self.admin.watch(kind, seconds, namespace=namespace, silence=15.0) as stream:
            yield (msgspec.json.decode(line, type=Line) for line in stream if line.strip())


class ModelWorld(World):
    """The model, under a clock that moves only while somebody waits."""

    def __init__(self, seed: int = 1, weather: Weather = CALM) -> None:
        self.time = 1_900_000_000.0
        self._due: list[tuple[float, int, Callable[[], None]]] = []
        self._count = 0
        chance = random.Random(seed)
        self.server = ApiServer(lambda: self.time, chance)
        self.controllers = Controllers(self.server, lambda: self.time, self.after, chance, weather)
        admin = Direct(self.server, self._wait, ADMIN)
        super().__init__(admin, Direct(self.server, self._wait, AGENT), self._name)

    def after(self, seconds: float, action: Callable[[], None]) -> None:
        """Do something later."""
        self._count += 1
        heapq.heappush(self._due, (self.time + seconds, self._count, action))

    def go(self, seconds: float) -> None:
        """Let time pass."""
        until = self.time + seconds
        while self._due and self._due[0][0] <= until:
            self._next()
        self.time = until

    def pause(self, seconds: float) -> None:
        """As ``go``, for whoever waits inside a call."""
        self.go(seconds)

    def eventually(self, predicate: Callable[[], bool], what: str) -> None:
        end = self.time + 600.0
        while not predicate():
            assert self.time < end, f"never: {what}"
            self._next()

    def forgetful(self) -> Kind:
        self.server.compact()
        return kinds.CONFIG_MAP

    def node(self) -> str:
        return "node-1"

    def _name(self) -> str:
        self._count += 1
        return f"{self._count:05d}"

    def _next(self) -> None:
        self.time, _, action = heapq.heappop(self._due)
        action()

    def _wait(self, watch: Watch) -> None:
        until = watch.next_at()
        if self._due and self._due[0][0] < until:
            self._next()
        else:
            assert until < float("inf"), "nothing will ever come"
            self.time = max(self.time, until)


class RealWorld(World):
    """A real API server."""

    def __init__(self, installed: Installed) -> None:
        super().__init__(installed.admin, installed.agent, lambda: secrets.token_hex(5))

    def eventually(self, predicate: Callable[[], bool], what: str) -> None:
        waiting.eventually(predicate, what, seconds=40)

    def namespace(self, name: str = "") -> str:
        made = super().namespace(name)
        account = kinds.SERVICE_ACCOUNT  # without it no pod is admitted
        self.eventually(lambda: bool(self.read(account, "default", made)), "the default account")
        return made

    def forgetful(self) -> Kind:
        """A kind that was defined just now: its watch cache begins with a later version."""
        kind = Kind("Thing", "trial.berth.test/v1", "things")
        self.raw("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", DEFINITION)

        def is_served() -> bool:
            query = {"watch": "1", "timeoutSeconds": "1"}
            return self.raw("GET", kind.path("default"), query=query).status == 200

        self.eventually(is_served, "the new kind")
        return kind

    def node(self) -> str:
        found = msgspec.json.decode(self.raw("GET", "/api/v1/nodes").body)
        return str(found["items"][0]["metadata"]["name"])
