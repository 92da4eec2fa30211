"""One scenario from its beginning to the verdict, with strikes.

Whatever was killed or lost, the world must come to what the script wanted last, in bounded time, and
every rule must hold.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from simulation.guard import guarded
from simulation.history import Violation
from simulation.invariants.logs import LogRules
from simulation.scenarios import Scenario
from simulation.scheduler import Exhausted, Process
from simulation.stage import Stage
from simulation.strikes import Spot
from simulation.swarm import Swarm
from simulation.trial import unsettled
from simulation.world import World

LONGEST_WAY = 120.0
"""Virtual seconds in which all must be as it is wanted once the script is done."""
AFTERWARDS = 3.0
"""Virtual seconds in which it must stay so."""
WARM_UP = 60.0

ORDINARY = Swarm(
    seed=0,
    tenants=1,
    agents=1,
    replicas=1,
    people=1,
    actions=0,
    think=1.0,
    idle_poll=2.0,
    full_sync=600.0,
    longest_run=0,
    answer_bytes=3 * 1024 * 1024,
    page=500,
    quota_per_user=10,
    quota_per_agent=10,
    unruly=False,
    byzantine=False,
)
"""A small world in which nothing goes wrong."""


@dataclass(frozen=True, slots=True)
class Play:
    """What came of one. ``calls`` and ``lines``: how many moments there were to strike at."""

    scenario: str
    spots: tuple[Spot, ...]
    calls: int
    lines: int
    struck: tuple[str, ...]
    violations: tuple[Violation, ...]
    converged: float
    """Virtual seconds from the end of the script."""
    steps: int
    trace: str
    story: tuple[str, ...]

    @property
    def again(self) -> str:
        """How to play it alone."""
        spots = [f"--{'lose' if spot.is_line else 'kill'} {spot.number}" for spot in self.spots]
        return " ".join(("python -m simulation crashes --only", self.scenario, *spots))

    def in_short(self) -> Play:
        """The play without its story."""
        return replace(self, story=())


def played(
    scenario: Scenario, spots: tuple[Spot, ...] = (), make: Callable[..., World] = World
) -> Play:
    """Play one scenario and strike at these spots; ``make`` may plant a bug."""
    stage = Stage(replace(ORDINARY, **scenario.habits), spots, make)
    world = stage.world
    converged = LONGEST_WAY
    with LogRules(world.history).watching(), guarded():
        try:
            _open(stage, scenario)
            converged = _come_to_rest(stage)
            world.scheduler.go(world.scheduler.now + AFTERWARDS)
            _judge(stage)
        except Exhausted as error:
            world.history.broken("steps", str(error))
        for name, cause in world.scheduler.broken:
            world.history.broken("INV-20", f"{name} broke: {type(cause).__name__}: {cause}")
        world.close()
    return Play(
        scenario.name,
        spots,
        stage.striker.calls,
        stage.striker.lines,
        tuple(stage.striker.struck),
        tuple(world.history.violations),
        converged,
        world.scheduler.steps,
        world.scheduler.trace,
        tuple(world.history.story),
    )


def _open(stage: Stage, scenario: Scenario) -> None:
    world = stage.world

    def play() -> None:
        scenario.play(stage)
        stage.is_done = True

    world.begin()
    if not scenario.is_cold:
        world.scheduler.go(WARM_UP, stage.is_led)
    world.scheduler.start("script", Process("script"), play)


def _come_to_rest(stage: Stage) -> float:
    world, began = stage.world, stage.world.scheduler.now
    while world.scheduler.now < began + LONGEST_WAY and not world.scheduler.broken:
        world.scheduler.go(world.scheduler.now + 0.2)
        if not stage.is_done:
            began = world.scheduler.now
        elif not _is_between_leaders(stage) and not unsettled(world):
            stage.striker.is_counting = False
            return world.scheduler.now - began
    return LONGEST_WAY


def _is_between_leaders(stage: Stage) -> bool:
    leaders = [stage.leader(plant) for plant in stage.world.plants]
    return stage.is_installed and None in leaders


def _judge(stage: Stage) -> None:
    history, states = stage.world.history, stage.world.states()
    for words in unsettled(stage.world):
        history.broken("INV-21", words)
    for workspace, desired in stage.expected.items():
        found = states.get(workspace)
        if found is None or found.desired is not desired:
            told = "erased" if found is None else found.desired
            history.broken("INV-1", f"{workspace} is wanted {desired}, and stored as {told}")
    for workspace in sorted(states.keys() - stage.expected.keys()):
        history.broken("INV-18", f"{workspace} was made, and nobody was told of it")
    if len(stage.striker.struck) < len(stage.striker.spots):
        history.broken(
            "spots", f"{len(stage.striker.struck)} of {len(stage.striker.spots)} spots were met"
        )
