"""One world: control plane, clusters, agents and people, wired for a seed."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import replace
from itertools import product

from app import sweep
from chalicelib import bootstrap
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.bundle import Ports, Site
from chalicelib.ports.store import Store
from chalicelib.records import organisations
from simulation.clocks import ProcessClock
from simulation.dice import Dice, SeededChance
from simulation.disaster import Disaster, Installation
from simulation.fate import Fate
from simulation.faults import Faults
from simulation.gateway import Gateway
from simulation.history import History
from simulation.installation import Tenant, empty_store, ports_of, settle
from simulation.invariants.answers import AnswerRules
from simulation.invariants.commits import CommitRules
from simulation.keys import SimulatedKeys
from simulation.liar import Liar
from simulation.owners import Owner
from simulation.people import User
from simulation.planting import planted
from simulation.scheduler import Scheduler
from simulation.sight import Sight
from simulation.store import SimulatedStore
from simulation.swarm import Swarm
from simulation.waker import SimulatedWaker

SWEEP_SECONDS = 60.0
ROTATED_WITHIN = 100.0
"""Virtual seconds in which an agent is given its new token, where one is."""
_TICK = {
    "version": "0",
    "id": "",
    "account": "",
    "region": "",
    "time": "",
    "source": "aws.events",
    "detail-type": "Scheduled Event",
    "resources": [],
    "detail": {},
}


class World:
    """Everything of one simulation. ``only``: the faults, by number, that may happen at all;
    ``over``: put between the control plane and its store, to plant a bug."""

    def __init__(
        self,
        swarm: Swarm,
        dice: Dice,
        only: Collection[int] | None = None,
        *,
        over: Callable[[Store], Store] = lambda store: store,
    ) -> None:
        self.swarm = swarm
        self.dice = dice
        self.scheduler = Scheduler(dice.stream("scheduler"))
        self.faults = Faults(dice, swarm.rates, only)
        self.history = History(lambda: self.scheduler.now)
        self.faults.told = self.history.tell
        self.clock = ProcessClock(self.scheduler)
        self.secrets = SeededChance(dice.stream("secrets"))
        self.database = empty_store(self.clock)
        self.store = SimulatedStore(
            self.database, self.scheduler, self.faults, dice.stream("store")
        )
        self.used_store = over(self.store)
        self.keys = SimulatedKeys(self.scheduler, self.faults, dice.stream("keys"))
        self.waker = self._waker()
        self.gateway = Gateway(self.scheduler, self.faults, dice.stream("gateway"), self.ports)
        self.tenants = [self._tenant(number) for number in range(swarm.tenants)]
        self.plants = [
            planted(self, tenant, *agent)
            for tenant in self.tenants
            for agent in tenant.agents[: swarm.agents]
        ]
        self.users = [self._user(tenant, n) for tenant in self.tenants for n in range(swarm.people)]
        self.sight = Sight(self.scheduler, self.gateway, self.plants)
        self.commits = CommitRules(self.history, self.sight, most_on_agent=swarm.quota_per_agent)
        self.store.watched = self.commits.look
        self.store.touched = self._check_tenant
        self.answers = AnswerRules(self.history, self.commits)
        self.gateway.seen = self.answers.look
        self.liar = self._liar() if swarm.byzantine else None
        self.owners = [self._owner(tenant) for tenant in self.tenants]
        self.disaster = self._disaster() if swarm.disaster else None

    def ports(self, clock: ProcessClock) -> Ports:
        """Return the wiring of a process with this clock."""
        site = Site(
            public_url="https://berth.test",
            idle_poll_ms=int(self.swarm.idle_poll * 1000),
            listening_poll_ms=60_000,
            full_sync_ms=int(self.swarm.full_sync * 1000),
            answer_bytes=self.swarm.answer_bytes,
        )
        ports = ports_of(self.used_store, self.keys, self.secrets, clock, site)
        return replace(ports, waker=self.waker) if self.swarm.wakes else ports

    def begin(self) -> None:
        """Start everybody."""
        for plant in self.plants:
            for pod in plant.pods:
                self.scheduler.after(self.dice.stream(pod.name).uniform(0, 5), pod.boot)
            if self.swarm.orphans:
                self.scheduler.after(self.dice.stream("orphans").uniform(0, 60), plant.plant_orphan)
        for user in self.users:
            user.start()
        if self.liar is not None:
            self.liar.start()
        self._begin_upheavals()
        self._sweep_on()
        chance = self.dice.stream("fate")
        Fate(self.scheduler, self.faults, chance, self.plants).round()

    def _begin_upheavals(self) -> None:
        if self.disaster is not None:
            self.disaster.begin()
        if self.swarm.rotations:
            for owner, plant in product(self.owners, self.plants):
                owner.rotate_if_theirs(plant, within=ROTATED_WITHIN)

    @property
    def is_busy(self) -> bool:
        """Whether anybody still has something to do."""
        if self.disaster is not None and not self.disaster.is_over:
            return True
        is_done = all(user.is_done for user in self.users)
        return not (is_done and all(owner.is_done for owner in self.owners))

    def states(self) -> dict[str, WorkspaceState]:
        """Return every state that is stored, by workspace."""
        return self.commits.live

    def states_at(self, agent_id: str) -> dict[str, WorkspaceState]:
        """Return the stored states of one agent's workspaces, by workspace."""
        placed = self.commits.placed
        return {name: each for name, each in self.states().items() if placed[name] == agent_id}

    def settle_settings(self) -> None:
        """Let no workspace be stopped for having run too long."""
        ports = self.ports(self.clock)
        for tenant in self.tenants:
            found = organisations.load(ports.store, tenant.id)
            calm = replace(found.settings, longest_run_seconds=0)
            ports.store.write(organisations.change(replace(found, settings=calm)))

    def sweep(self) -> None:
        """Let the scheduled sweep begin."""

        def carry_out(ports: Ports) -> None:
            bootstrap.use(ports)
            sweep(_TICK, None)

        self.gateway.schedule("sweep", carry_out)

    def close(self) -> None:
        """End it all."""
        self.scheduler.end()
        self.database.close()

    def _sweep_on(self) -> None:
        self.sweep()
        self.scheduler.after(SWEEP_SECONDS, self._sweep_on)

    def _liar(self) -> Liar:
        tenant = self.tenants[0]
        agent_id, token = tenant.agents[-1]
        self.commits.liar = agent_id
        return Liar(
            self.scheduler,
            self.gateway,
            self.history,
            self.dice.stream("liar"),
            token,
            tenant.id,
            agent_id,
            lambda: list(self.states()),
        )

    def _waker(self) -> SimulatedWaker:
        chance, sometimes = self.dice.stream("waker"), self.history.sometimes
        return SimulatedWaker(self.scheduler, self.faults, chance, sometimes)

    def _owner(self, tenant: Tenant) -> Owner:
        user = next(user for user in self.users if user.person is tenant.people[0])
        chance = self.dice.stream(f"owner/{tenant.id}")
        return Owner(user, self.scheduler, self.history, chance)

    def _disaster(self) -> Disaster:
        befallen = Installation(
            self.database, self.gateway, self.plants, self.owners, lambda: self.ports(self.clock)
        )
        chance = self.dice.stream("disaster")
        return Disaster(befallen, self.commits, self.history, self.scheduler, chance)

    def _tenant(self, number: int) -> Tenant:
        swarm = self.swarm
        # A byzantine agent has no cluster: what it says of one is all lies.
        agents = swarm.agents + (1 if swarm.byzantine and number == 0 else 0)
        settings = OrganisationSettings(
            longest_run_seconds=swarm.longest_run,
            orphan_grace_seconds=60,
            workspaces_per_user=swarm.quota_per_user,
            workspaces_per_agent=swarm.quota_per_agent,
        )
        return settle(self.ports(self.clock), swarm.people, agents, settings)

    def _user(self, tenant: Tenant, number: int) -> User:
        person = tenant.people[number]
        return User(
            person,
            tenant,
            self.swarm,
            self.scheduler,
            self.gateway,
            self.history,
            self.dice.stream(f"user/{person.id}"),
        )

    def _check_tenant(self, partition: str) -> None:
        call = self.sight.call() if partition.startswith("ORG#") else None
        if call is not None and partition.split("#")[1] not in call.tenant:
            self.history.broken("INV-13", f"{call.tenant} touched {partition}")
