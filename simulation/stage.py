"""The small world that a script plays in, and what the script may do there.

One organisation, one agent, a brisk cluster, and no fault but the strikes. Everything that asks
blocks the script's task until it is answered.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.wire import labels
from simulation.administration import Cluster, Office
from simulation.cluster.controllers import Weather
from simulation.dice import Dice
from simulation.plant import Plant
from simulation.pods import Pod
from simulation.scheduler import Process
from simulation.strikes import Spot, Striker
from simulation.swarm import Swarm
from simulation.world import World

SEED = 4
_QUICK: dict[str, Any] = dict.fromkeys(
    (
        *("reaction", "scheduling", "attaching", "pulling", "cloning", "readiness"),
        *("stopping", "binding", "namespace_step", "collection"),
    ),
    (0.01, 0.1),
)
BRISK = Weather(**_QUICK)
"""A cluster that is quick at everything: waiting finds nothing, and costs."""
LONGEST_WAIT = 300.0
"""Virtual seconds that a script waits for anything."""
_COMES_TO = {"RestartRequested": DesiredState.RUNNING}
"""What a wish ends as, where it is not itself."""


class Stage:
    """``office``: what owners do; ``cluster``: what administrators of the cluster do."""

    def __init__(
        self, swarm: Swarm, spots: tuple[Spot, ...], make: Callable[..., World] = World
    ) -> None:
        self.world = make(swarm, Dice(SEED))
        self.striker = Striker(self.world, spots)
        self.plant: Plant = self.world.plants[0]
        self.other: Plant = self.world.plants[-1]
        """Of another agent, where there are two."""
        for plant in self.world.plants:
            plant.controllers.weather = BRISK
        self.agent_id = self.plant.agent_id
        self.user = self.world.users[0]
        self.office = Office(self.user, self.plant)
        self.cluster = Cluster(self.plant, self.world.history)
        self.is_installed = True
        self.is_done = False
        """Whether the script has ended."""
        self._wishes: dict[str, tuple[int, str]] = {}
        self._others = 0

    @property
    def expected(self) -> dict[str, DesiredState]:
        """What each workspace must be wanted to be in the end."""
        return {
            workspace: _COMES_TO.get(wish) or DesiredState(wish)
            for workspace, (_, wish) in self._wishes.items()
        }

    def begin(self) -> None:
        """Count the moments from here on."""
        self.striker.is_counting = True
        self.world.history.tell("the script begins")

    def create(self, key: str = "1", *, with_secrets: bool = True) -> str:
        """Create a workspace and return its id, empty when it was refused."""
        name = f"{self.user.person.id}-{key}"
        answer = self.user.create(self.agent_id, name, with_secrets=with_secrets)
        if answer is None or answer.status != 201:
            return ""
        workspace = str(answer.json["id"])
        self._accept(workspace, "Running", int(answer.json["generation"]))
        return workspace

    def running(self, key: str = "1") -> str:
        """Create a workspace and wait until it runs."""
        workspace = self.create(key)
        self.until_is(workspace, "Running")
        return workspace

    def stopped(self) -> str:
        """Create a workspace, stop it, and wait until it has stopped."""
        workspace = self.running()
        self.want(workspace, "Stopped")
        self.until_is(workspace, "Stopped")
        return workspace

    def want(self, workspace: str, wish: str) -> None:
        """Want a workspace to be so."""
        answer = self.user.want(workspace, wish)
        if answer is not None and answer.status in (200, 202):
            self._accept(workspace, wish, int(answer.json["generation"]))

    def move(self, workspace: str, agent_id: str) -> None:
        """Want a workspace to be at another agent, as it is wanted now."""
        answer = self.user.move(workspace, agent_id)
        if answer is not None and answer.status == 202:
            then = str(self.expected.get(workspace, DesiredState.RUNNING))
            self._accept(workspace, then, int(answer.json["generation"]))

    def call_off(self, workspace: str) -> None:
        """Want a workspace to stay where it is."""
        self.user.call_off(workspace)

    def is_at(self, workspace: str, plant: Plant) -> bool:
        """Whether a workspace is an agent's."""
        return self.world.commits.placed[workspace] == plant.agent_id

    def becomes(self, workspace: str, wish: str) -> None:
        """Wait until Berth itself wants a workspace to be so."""
        self.until(lambda: str(self.world.states()[workspace].desired) == wish)
        self._accept(workspace, wish, self.world.states()[workspace].generation)

    def is_erased(self, workspace: str) -> None:
        """Wait until Berth has forgotten a workspace."""
        self.until(lambda: workspace not in self.world.states())
        del self._wishes[workspace]

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for something. Raises TimeoutError."""
        scheduler = self.world.scheduler
        ends = scheduler.now + LONGEST_WAIT
        while not holds():
            if scheduler.now > ends:
                raise TimeoutError(f"the script waits in vain since {ends - LONGEST_WAIT:.0f}")
            scheduler.sleep(0.1)

    def until_is(self, workspace: str, actual: str) -> None:
        """Wait until a workspace is shown so."""
        self.until(lambda: str(self.world.states()[workspace].actual) == actual)

    def until_applied(self, workspace: str, generation: int) -> None:
        """Wait until the cluster's Deployment carries a generation."""
        self.until(lambda: self.plant.rules.applied(workspace) >= generation)

    def until_namespace(self, workspace: str) -> None:
        """Wait until the first object of a workspace is in the cluster."""
        self.until(lambda: self.cluster.has_namespace(labels.namespace_of(workspace)))

    def until_asked(self, word: str) -> None:
        """Wait until an invocation works on a message of the agent that has this word in it."""
        running = self.world.gateway.running
        self.until(
            lambda: any(
                call.resource.startswith("/agent/") and word.encode() in call.body
                for call in running.values()
            )
        )

    def time_passes(self, seconds: float) -> None:
        """Let the control plane's clocks go on by so much, and the sweep come."""
        for container in self.world.gateway.containers:
            container.clock.jump(seconds)
        self.world.sweep()

    def uninstall(self) -> None:
        """Take the agent out of its cluster."""
        for pod in self.plant.pods:
            pod.leave()
        self.is_installed = False

    def is_led(self) -> bool:
        """Whether every cluster has a leader and a proxy."""
        return all(self.leader(each) and each.has_proxy() for each in self.world.plants)

    def pause(self, seconds: float) -> None:
        """Let time pass."""
        self.world.scheduler.sleep(seconds)

    def meanwhile(self, act: Callable[[], object]) -> None:
        """Do something beside the script."""
        self._others += 1
        self.world.scheduler.start(f"other-{self._others}", Process("other"), act)

    def leader(self, plant: Plant | None = None) -> Pod | None:
        """The pod that began to lead last, if it is alive."""
        pods = (plant or self.plant).pods
        leading = [pod for pod in pods if pod.process.alive and pod.leading_since]
        return max(leading, key=lambda pod: pod.leading_since or 0.0, default=None)

    def kill_leader(self) -> None:
        """End the pod that leads; it comes again."""
        self.until(lambda: self.leader() is not None)
        if (leader := self.leader()) is not None:
            leader.die()

    def _accept(self, workspace: str, wish: str, generation: int) -> None:
        """Whatever was accepted last must be so in the end."""
        if generation >= self._wishes.get(workspace, (0, ""))[0]:
            self._wishes[workspace] = (generation, wish)
