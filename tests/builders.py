"""What tests of use cases stand on: real parts where there are any, and a cluster on paper."""

from dataclasses import dataclass, field
from typing import Any

from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.adapters.signing import PepperSigner
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Person, Role
from chalicelib.domain.agents.agent import Agent, AgentSettings
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.variables.variable import Variable
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.bundle import Ports, Site
from chalicelib.ports.store import Store
from chalicelib.records import agents, organisations, people
from chalicelib.usecases.agents.reconcile import reconcile
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.read import show_workspace
from chalicelib.wire.reconcile import (
    ApplyOrder,
    DeploymentFacts,
    ReconcileRequest,
    ReconcileResponse,
    TerminateOrder,
    WorkspaceReport,
)
from tests.doubles import (
    START,
    CountedChance,
    CountingKeys,
    NobodySignsIn,
    PaperRepositories,
    SteppedClock,
    WatchedStore,
)

DEVFILE = """\
schemaVersion: 2.2.2
metadata: {name: sample}
components:
  - name: main
    container: {image: localhost/berth-workspace:dev, endpoints: [{name: web, targetPort: 8080}]}
projects:
  - name: sample
    git: {remotes: {origin: "https://git.example.com/acme/sample.git"}}
"""


@dataclass
class World:
    """An installation with one organisation, its owner and one agent."""

    ports: Ports
    clock: SteppedClock
    store: WatchedStore
    keys: CountingKeys
    repositories: PaperRepositories
    organisation: Organisation
    person: Person
    agent_id: str

    def agent(self) -> Agent:
        """The agent as the store has it: the one read of authentication."""
        found = agents.load(self.ports.store, self.organisation.id, self.agent_id)
        assert found is not None
        return found


def make_world(
    settings: OrganisationSettings | None = None,
    path: str = ":memory:",
    *,
    chosen: Store | None = None,
) -> World:
    """Build an installation on SQLite, or on a chosen store."""
    clock, keys, repositories = SteppedClock(), CountingKeys(), PaperRepositories()
    chance = CountedChance()
    store = WatchedStore(chosen or SqliteStore(path, now=clock.now))
    site = Site(public_url="https://berth.example.com")
    ports = Ports(
        store=store,
        sealer=AesGcmSealer(keys, chance),
        signer=PepperSigner(b"p" * 32, issuer=site.public_url, clock=clock),
        identity=NobodySignsIn(),
        repositories=repositories,
        clock=clock,
        chance=chance,
        site=site,
    )
    settings = settings or OrganisationSettings(git_hosts=(GitHost("git.example.com"),))
    organisation = Organisation("org-000000000001", "acme", settings, 1, START)
    person = add_member(ports, organisation.id, "usr-000000000001", Role.OWNER)
    store.transact([organisations.put_new(organisation)])
    agent_id = add_agent(ports, organisation.id, "ag-000000000001")
    store.reset()
    return World(ports, clock, store, keys, repositories, organisation, person, agent_id)


def add_member(ports: Ports, organisation_id: str, user_id: str, role: Role) -> Person:
    """Store a member."""
    member = Member(
        id=user_id,
        organisation_id=organisation_id,
        issuer="https://issuer.example.com",
        subject=f"{organisation_id}/{user_id}",
        name=user_id,
        email="",
        role=role,
        version=1,
        created_at=ports.clock.now(),
    )
    ports.store.transact(people.put_new(member))
    return people.person_of(member)


def add_agent(ports: Ports, organisation_id: str, agent_id: str) -> str:
    """Store an agent."""
    settings = AgentSettings(zone="ws.example.com")
    agent = Agent(agent_id, organisation_id, agent_id, settings, 1, ports.clock.now())
    ports.store.write(agents.put_new(agent))
    return agent_id


def create(world: World, name: str, *variables: Variable) -> str:
    """Create a workspace of the world's person and return its id."""
    request = WorkspaceRequest(name, world.agent_id, devfile=DEVFILE, variables=variables)
    return create_workspace(world.ports, world.person, request).workspace.id


def state_of(world: World, workspace_id: str) -> WorkspaceState:
    """The state of a workspace, as the world's person is shown it."""
    return show_workspace(world.ports, world.person, workspace_id).state


@dataclass(frozen=True)
class Live:
    """What an applied order left in the cluster."""

    generation: int
    replicas: int
    spec_digest: str
    secrets_digest: str
    version: int


@dataclass
class PaperCluster:
    """A cluster and its agent on paper: it does what it is told, by the rules of the protocol.

    ``applied`` counts how often each generation of each workspace was written.
    """

    world: World
    epoch: int = 1
    live: dict[str, Live] = field(default_factory=dict)
    tombstones: dict[str, tuple[int, int]] = field(default_factory=dict)
    applied: dict[tuple[str, int], int] = field(default_factory=dict)
    intent: int = -1
    era: int | None = None
    version: int = 0
    told: dict[str, int] = field(default_factory=dict)

    def poll(self, update_type: str = "partial", *, hears: bool = True) -> ReconcileResponse:
        """Ask once and do what is answered; without ``hears`` the answer is lost on its way."""
        answer = self.ask(self.request(update_type))
        if hears:
            self.obey(answer)
        return answer

    def settle(self, polls: int = 12) -> list[ReconcileResponse]:
        """Ask until nothing is to be said any more; fails when that takes too long."""
        answers = []
        for _ in range(polls):
            answers.append(self.poll())
            if not answers[-1].orders and not self.news() and answers[-1].intent >= 0:
                return answers
        raise AssertionError(f"not settled after {polls} polls: {answers[-1]}")

    def ask(self, request: ReconcileRequest, remaining: float = 25.0) -> ReconcileResponse:
        """Send a request as this agent."""
        return reconcile(self.world.ports, self.world.agent(), request, remaining=lambda: remaining)

    def request(self, update_type: str = "partial", **more: Any) -> ReconcileRequest:
        """What the agent says now: all it has on a full update, news on a partial one."""
        reports = self.news() if update_type == "partial" else self.reports()
        whole = {"id": f"sync-{self.version}"} if update_type == "full" else None
        values = {"update_type": update_type, "epoch": self.epoch, "instance": "pod-1"}
        values |= {"intent": self.intent, "era": self.era, "reports": reports, "full_sync": whole}
        return ReconcileRequest.model_validate(values | more)

    def news(self) -> list[WorkspaceReport]:
        """Reports that no receipt confirmed."""
        return [r for r in self.reports() if self.told.get(r.workspace_id) != r.resource_version]

    def reports(self) -> list[WorkspaceReport]:
        """Reports of all that lives or lies under a tombstone."""
        living = [report_of(each, live) for each, live in self.live.items()]
        buried = [
            WorkspaceReport(
                workspace_id=each,
                resource_version=version,
                generation=generation,
                namespace="Absent",
                tombstone=generation,
            )
            for each, (generation, version) in self.tombstones.items()
        ]
        return living + buried

    def obey(self, answer: ReconcileResponse) -> None:
        """Take up receipts and orders."""
        if answer.era != self.era:
            self.told.clear()
        for receipt in answer.receipts:
            self.told[receipt.workspace_id] = receipt.resource_version
            if receipt.outcome == "collect":
                self.tombstones.pop(receipt.workspace_id, None)
        for order in answer.orders:
            if isinstance(order, TerminateOrder):
                self._terminate(order)
            else:
                self._apply(order)
        self.intent, self.era = answer.intent, answer.era

    def _terminate(self, order: TerminateOrder) -> None:
        known = self.tombstones.get(order.workspace_id)
        if known is None or known[0] < order.generation:
            self.tombstones[order.workspace_id] = (order.generation, self._next())
        self.live.pop(order.workspace_id, None)

    def _apply(self, order: ApplyOrder) -> None:
        before = self.live.get(order.workspace_id)
        if order.workspace_id in self.tombstones:
            return
        if before is not None:
            wanted = (order.generation, order.spec_digest, order.secrets_digest)
            has = (before.generation, before.spec_digest, before.secrets_digest)
            if before.generation > order.generation or wanted == has:
                return
        had = "" if before is None else before.secrets_digest
        if order.secrets is None and order.secrets_digest not in ("", had):
            raise AssertionError("an order came without the Secrets that the cluster lacks")
        deployment = next(o for o in order.objects if o["kind"] == "Deployment")
        self.live[order.workspace_id] = Live(
            order.generation,
            deployment["spec"]["replicas"],
            order.spec_digest,
            order.secrets_digest,
            self._next(),
        )
        key = (order.workspace_id, order.generation)
        self.applied[key] = self.applied.get(key, 0) + 1

    def _next(self) -> int:
        self.version += 1
        return self.version


def report_of(workspace_id: str, live: Live, **more: Any) -> WorkspaceReport:
    """The report of what lives and is as it should be."""
    count = live.replicas
    facts = DeploymentFacts(
        generation=1,
        observed_generation=1,
        replicas=count,
        current=count,
        updated=count,
        available=count,
    )
    values = {
        "workspace_id": workspace_id,
        "resource_version": live.version,
        "generation": live.generation,
        "namespace": "Active",
        "pods": count,
        "deployment": facts,
        "spec_digest": live.spec_digest,
        "secrets_digest": live.secrets_digest,
    }
    return WorkspaceReport.model_validate(values | more)
