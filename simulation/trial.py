"""One seed from its beginning to the verdict.

Phases: faults; calm (faults off, clocks right, one healthy agent a cluster); liveness (everything
becomes as it is wanted, in bounded time); stability (and stays so, without a write); audit.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from chalicelib.domain.workspaces.decide import is_under_way
from chalicelib.domain.workspaces.states import EFFECTS, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.records import drains, people
from chalicelib.records.pending import pending_of
from chalicelib.usecases.audit.verify import verify
from simulation.dice import Dice
from simulation.faults import Fault
from simulation.guard import guarded
from simulation.history import Violation
from simulation.invariants.logs import LogRules
from simulation.invariants.remains import look_at_counters, look_at_ends
from simulation.plant import Plant
from simulation.scheduler import Exhausted
from simulation.swarm import Swarm, drawn
from simulation.world import World

LONGEST_TROUBLE = 1_200.0
"""Virtual seconds after which the faults end, whether or not everybody is done."""
LONGEST_WAY = 900.0
"""Virtual seconds in which all must be as it is wanted once the faults have ended."""
AFTERMATH = 90.0
"""Virtual seconds for what still follows: the last conditions of a Deployment, and an agent that
died last, which waits for its Lease and applies the proxy anew."""
STORED_WEATHER = 180.0
"""Virtual seconds for what the weather had in store before it turned: a crash a minute later, and
the pauses before the container is started again."""
STABLE_POLLS = 20


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one seed. ``converged`` in virtual seconds after the calm; None: never."""

    seed: int
    swarm: Swarm
    violations: tuple[Violation, ...]
    trace: str
    steps: int
    hours: float
    faults: Counter[Fault]
    drawn_faults: int
    reached: Counter[str]
    converged: float | None
    workspaces: int
    story: tuple[str, ...]

    def in_short(self) -> Verdict:
        """The verdict without its story, which nobody reads when all was well."""
        return replace(self, story=())


def tried(
    seed: int, only: Collection[int] | None = None, *, make: Callable[..., World] = World
) -> Verdict:
    """Run one seed; ``make`` may plant a bug."""
    dice = Dice(seed)
    world = make(drawn(dice), dice, only)
    with LogRules(world.history).watching(), guarded():
        converged = _run(world)
        verdict = _verdict(world, converged)
        world.close()
    return verdict


def _run(world: World) -> float | None:
    converged = None
    try:
        world.begin()
        _trouble(world)
        _calm(world)
        converged = _settle(world)
        if converged is not None:
            _stay(world)
            _audit(world)
    except Exhausted as error:
        world.history.broken("steps", str(error))
    for name, cause in world.scheduler.broken:
        world.history.broken("INV-20", f"{name} broke: {type(cause).__name__}: {cause}")
    return converged


def _trouble(world: World) -> None:
    world.history.tell("faults begin")

    def is_done() -> bool:
        return not world.is_busy or bool(world.scheduler.broken)

    world.scheduler.go(LONGEST_TROUBLE, is_done)


def _calm(world: World) -> None:
    world.history.tell("calm")
    world.faults.stop()
    if world.liar is not None:
        world.liar.silent = True
    world.settle_settings()
    for plant in world.plants:
        plant.calm()


def _settle(world: World) -> float | None:
    began = world.scheduler.now
    while world.scheduler.now < began + LONGEST_WAY:
        world.scheduler.go(world.scheduler.now + 1.0)
        if not (left := unsettled(world)):
            return world.scheduler.now - began
    for words in left:
        world.history.broken("INV-21", words)
    return None


def _stay(world: World) -> None:
    """Twenty polls later nothing was written: neither to the clusters nor to a state."""
    world.scheduler.go(world.scheduler.now + (STORED_WEATHER if world.swarm.unruly else AFTERMATH))
    before = {plant.agent_id: plant.writes() for plant in world.plants}
    shown = _shown(world)
    world.scheduler.go(world.scheduler.now + STABLE_POLLS * world.swarm.idle_poll)
    for plant in world.plants:
        written = plant.writes() - before[plant.agent_id]
        if written:
            world.history.broken("INV-22", f"{plant.agent_id} wrote when all was well: {written}")
    for name, state in _shown(world).items():
        if state != shown.get(name):
            world.history.broken("INV-22", f"{name} changed though nothing happened")
    for words in unsettled(world):
        world.history.broken("INV-22", words)


def _shown(world: World) -> dict[str, WorkspaceState]:
    """States but for when the sweep looks at them next, which goes on by itself; a byzantine agent's
    own workspaces aside."""
    return {
        state.workspace_id: replace(state, version=0, look_at=None)
        for plant in world.plants
        for state in world.states_at(plant.agent_id).values()
    }


def _audit(world: World) -> None:
    """What people were told is in the history, the audit log holds, and nothing is left over."""
    ports = world.ports(world.clock)
    for tenant in world.tenants:
        owner = people.load(ports.store, tenant.id, tenant.people[0].id)
        assert owner is not None, "the owner stays"
        checked = verify(ports, people.person_of(owner), None, remaining=lambda: 60.0)
        for finding in checked.findings:
            world.history.broken("INV-19", f"{tenant.id}: {finding}")
        look_at_counters(world.history, world.database, tenant.id)
        of_tenant = [
            state
            for name, state in world.states().items()
            if world.commits.organisations[name] == tenant.id
        ]
        look_at_ends(world.history, world.database, tenant.id, of_tenant)
    for intent in world.history.lost():
        words = f"{intent.workspace_id} lost {intent.desired}, generation {intent.generation}"
        world.history.broken("INV-1", words)


def unsettled(world: World) -> list[str]:
    """Return what is not yet as it is wanted, in words."""
    if world.gateway.wishes_under_way or world.is_busy:
        return ["people's requests are under way"]
    if world.swarm.orphans and not all(plant.orphans for plant in world.plants):
        return ["what nobody owns is still to come"]
    orphans = [
        f"{orphan} is nobody's, and still there"
        for plant in world.plants
        for orphan in plant.orphans
        if plant.has_remains(orphan)
    ]
    left = [
        f"{name} is not at {plant.agent_id} any more, and something of it is"
        for plant in world.plants
        for name, agent_id in world.commits.placed.items()
        if agent_id != plant.agent_id and plant.has_remains(name)
    ]
    drained = [f"{agent} is still to be drained" for _, agent in drains.load_all(world.database)]
    doorless = [f"{plant.agent_id} has no proxy" for plant in world.plants if not plant.has_proxy()]
    return [*orphans, *left, *drained, *doorless] + [
        f"{state.workspace_id} {words}"
        for plant in world.plants
        for state in world.states_at(plant.agent_id).values()
        if (words := _difference(plant, state))
    ]


def _difference(plant: Plant, state: WorkspaceState) -> str:
    if state.withheld:
        # Gone since the backup: its owner decides, and has none of it until then.
        return "is withheld, and runs" if plant.running(state.workspace_id) else ""
    if state.desired is DesiredState.RESTART_REQUESTED:
        return "still restarts"
    if pending_of(state) is not None or is_under_way(state):
        return f"is under way: wants {state.desired}, is {state.actual}"
    if state.actual is not EFFECTS[state.desired].reached:
        reason = "" if state.reason is None else f" ({state.reason.code})"
        return f"wants {state.desired}, is {state.actual}{reason}"
    pods = plant.running(state.workspace_id)
    wanted = EFFECTS[state.desired].replicas or 0
    if len(pods) != wanted:
        return f"wants {wanted} pods, has {len(pods)}"
    if state.desired is DesiredState.TERMINATED and plant.has_remains(state.workspace_id):
        return "is terminated, and something is left"
    return ""


def _verdict(world: World, converged: float | None) -> Verdict:
    world.history.reached.update(
        {"race for a write lost": 1} if world.store.races else {},
    )
    return Verdict(
        seed=world.swarm.seed,
        swarm=world.swarm,
        violations=tuple(world.history.violations),
        trace=world.scheduler.trace,
        steps=world.scheduler.steps,
        hours=world.scheduler.now / 3600,
        faults=world.faults.counts,
        drawn_faults=world.faults.number,
        reached=world.history.reached,
        converged=converged,
        workspaces=len(world.history.commits),
        story=tuple(world.history.story),
    )
