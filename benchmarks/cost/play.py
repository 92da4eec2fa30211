"""What people, an agent and a proxy do, by their clients, against what is deployed to the emulated AWS.

Browsers are HTTP clients with cookies, command line and agent speak by Berth's own clients; the agent's cluster is on paper. One
after the other, so that what is counted belongs to what was done.
"""

import base64
import json
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from secrets import token_bytes
from typing import Self

from benchmarks.cost.counts import Counter, Counts, Happening, Point, line
from benchmarks.cost.people import PORTS, WORKSPACES, Visitor, command_line, create
from berth_local.aws.deployment import Deployment
from berth_local.aws.usage import Meter, Usage
from berth_local.schedule import scheduled_event
from chalicelib.adapters.stores.dynamodb import DynamoStore
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.domain.naming import RANDOM_BYTES, make_id
from chalicelib.records import people
from chalicelib.wire.reconcile import PrerequisitesRequest
from tests.deploy.agents import RegisteredAgent, RemoteCluster, register

LIVES = 5
"""Workspaces that are created, stopped, started and terminated while somebody counts."""
VISITORS = 8
FEW, MANY = 50, 250
"""Workspaces, and members, for what grows with them."""
PAGE = 25
"""Workspaces that are reported at once."""
TIMES = 3

Counted = dict[Happening, Callable[[], object]]
_INTRODUCTION = PrerequisitesRequest(epoch=1, instance="pod-1", namespace="berth")


@dataclass
class Play:
    """Stands for the life of the context, with an agent, its proxy, and an owner at the command line."""

    deployment: Deployment
    _stack: ExitStack = field(default_factory=ExitStack)

    def __enter__(self) -> Self:
        deployment = self.deployment
        self.count = Counter(Meter(deployment.aws.meter))
        self.owner = command_line(deployment, deployment.owner.token)
        self.owner.patch("/api/v1/organisation", {"settings": {"workspaces_per_user": 1_000}})
        with deployment.client(deployment.owner.token) as client:
            self.agent = register(deployment, client, "cluster")
        self.proxy = self._stack.enter_context(deployment.client(_proxy_token(self.agent)))
        self.cluster = RemoteCluster(self.agent)
        self.cluster.poll("full")
        self.cluster.ask(self.cluster.request(listening=False))  # from here on there is a queue
        return self

    def __exit__(self, *raised: object) -> None:
        self._stack.close()

    def counts(self) -> Counts:
        """Play it, and return what each thing used."""
        visitors = [
            Visitor.invited(self.deployment, self.owner, f"person-{number}")
            for number in range(VISITORS)
        ]
        for visitor in visitors:
            client = command_line(self.deployment, visitor.token)
            visitor.workspace = create(client, self.agent.id, visitor.name)
        self.cluster.settle()
        for number in range(LIVES + 1):
            self._live(f"life-{number}")
            if number == 0:  # that was the first time: imports, connections
                self.count.forget()
        for visitor in visitors:
            self.count(Happening.SIGN_IN, visitor.come_in)
            self.count(Happening.LOOK, visitor.look)
            self.count(Happening.LIST, visitor.list)
        stays = self._stays(visitors)
        return self.count.means() | stays | self._crowds(len(visitors))

    def _live(self, name: str) -> None:
        count, owner = self.count, self.owner
        made = count(Happening.CREATE, lambda: create(owner, self.agent.id, name))
        path = f"{WORKSPACES}/{made}"
        self._carry_out(Happening.FETCH)
        for what, desired in ((Happening.STOP, "Stopped"), (Happening.START, "Running")):
            count(what, partial(owner.patch, path, {"desired": desired}))
            self._carry_out(Happening.OBEY)
        count(Happening.SHOW, lambda: owner.get(path))
        count(Happening.POLL, self.cluster.poll)
        count(Happening.TERMINATE, lambda: owner.delete(path))
        self._carry_out(Happening.OBEY)

    def _carry_out(self, fetched: Happening) -> None:
        cluster = self.cluster
        if not self.count(fetched, cluster.poll).orders:
            raise RuntimeError("the wish did not arrive")
        self.count(Happening.WAIT, lambda: cluster.ask(cluster.request(reports=[])))
        self.count(Happening.REPORT, cluster.poll)
        cluster.settle()

    def _stays(self, visitors: Sequence[Visitor]) -> Counts:
        """All come in by all ports; the proxy asks about half of them, and about all."""
        admitted = [
            self.count(Happening.ENTER, partial(visitor.enter, port, self.proxy))
            for visitor in visitors
            for port in PORTS
        ]
        few, many = (
            Point(len(ids), self._used(partial(self._recheck, ids)))
            for ids in (admitted[: len(admitted) // 2], admitted)
        )
        fixed, each = line(few, many)
        return {Happening.RECHECK: fixed, Happening.RECHECK_EACH: each}

    def _recheck(self, admissions: Sequence[str]) -> None:
        body = {"admission_ids": admissions}
        answer = self.proxy.post("/agent/v1/admissions/recheck", json=body).raise_for_status()
        if answer.json()["ended"]:
            raise RuntimeError("somebody was sent away")

    def _crowds(self, here: int) -> Counts:
        """Look at what grows, among few and among many."""
        newcomer = Visitor.invited(self.deployment, self.owner, "newcomer")
        stranger = command_line(self.deployment, newcomer.token)
        acts: Counted = {
            # Who has no workspace has all of them looked through.
            Happening.LIST_EACH: lambda: list(stranger.items(WORKSPACES, owner="me")),
            Happening.FULL_EACH: lambda: self.cluster.poll("full"),
            Happening.SWEEP_EACH: self._sweep,
        }
        self._gather(range(here, FEW))
        few = {what: Point(FEW, self._used(act)) for what, act in acts.items()}
        self._gather(range(FEW, MANY))
        many = {what: Point(MANY, self._used(act)) for what, act in acts.items()}
        lines = {what: line(few[what], many[what]) for what in acts}
        swept, _ = lines[Happening.SWEEP_EACH]
        return {what: each for what, (_, each) in lines.items()} | {Happening.SWEEP: swept}

    def _gather(self, numbers: range) -> None:
        """Add members, who are written as if they had joined, and workspaces."""
        store = DynamoStore(self.deployment.aws.client("dynamodb"), self._table)
        organisation = self.owner.get("/api/v1/organisation")["id"]
        for number in numbers:
            store.transact(people.put_new(_member(organisation, number)))
            create(self.owner, self.agent.id, f"crowd-{number}")
            if number % PAGE == 0:
                self.cluster.settle()
        self.cluster.settle()

    def _sweep(self) -> None:
        name = f"{self._table}-sweep"
        event = json.dumps(scheduled_event(name, datetime.now(UTC))).encode()
        functions = self.deployment.aws.client("lambda")
        answer = functions.invoke(FunctionName=name, Payload=event)
        if "FunctionError" in answer:
            raise RuntimeError(answer["Payload"].read().decode())

    @property
    def _table(self) -> str:
        """What it is called, and its functions begin with."""
        return f"berth-{self.deployment.name}"

    def _used(self, act: Callable[[], object]) -> Usage:
        act()  # once, for what only the first one does
        counter = Counter(self.count.meter)
        for _ in range(TIMES):
            counter(Happening.POLL, act)
        return counter.means()[Happening.POLL]


def _proxy_token(agent: RegisteredAgent) -> str:
    """Return the credential of an agent's proxy, out of the proxy's objects."""
    objects = agent.control_plane().prerequisites(_INTRODUCTION).objects
    (token,) = (
        each["data"]["token"]
        for each in objects
        if each["kind"] == "Secret" and "token" in each.get("data", {})
    )
    return base64.b64decode(token).decode()


def _member(organisation: str, number: int) -> Member:
    name = make_id("usr", token_bytes(RANDOM_BYTES))
    return Member(
        id=name,
        organisation_id=organisation,
        issuer="https://issuer.invalid",
        subject=name,
        name=f"Person {number}",
        email=f"person-{number}@example.com",
        role=Role.DEVELOPER,
        version=1,
        created_at=time.time(),
    )
