"""Striking at one moment of a play: the process that acts dies there, or a line of a watch is lost.

Moments are numbered while counting is on, so that a play up to its first strike is the same as the
play without any.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from simulation.scheduler import Moment, Process
from simulation.world import World


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A moment by its number: of the calls (to strike at), or of the lines (to lose)."""

    number: int
    is_line: bool = False


@dataclass(slots=True)
class Striker:
    """Watches the scheduler of a world. ``calls`` and ``lines``: how many moments there were."""

    world: World
    spots: tuple[Spot, ...]
    is_counting: bool = False
    calls: int = 0
    lines: int = 0
    struck: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.world.scheduler.watcher = self._look

    def _look(self, moment: Moment, what: str) -> bool:
        """Whether a line is lost. May kill, and then does not return."""
        if not self.is_counting:
            return False
        if moment is Moment.LINE:
            spot, self.lines = Spot(self.lines, is_line=True), self.lines + 1
            return self._is_struck(spot, moment, what)
        self._look_at_call(self.world.scheduler.current.process, moment, what)
        return False

    def _look_at_call(self, process: Process, moment: Moment, what: str) -> None:
        pods = (pod for plant in self.world.plants for pod in plant.pods)
        pod = next((pod for pod in pods if pod.process is process), None)
        if pod is None and not self._is_invocation(process):
            return
        spot, self.calls = Spot(self.calls), self.calls + 1
        if not self._is_struck(spot, moment, what):
            return
        if pod is not None:
            pod.die()
        self.world.scheduler.kill(process)

    def _is_struck(self, spot: Spot, moment: Moment, what: str) -> bool:
        if spot not in self.spots:
            return False
        how = "loses" if spot.is_line else "killed"
        words = f"{self.world.scheduler.current} {how} {moment.value} {what}"
        self.struck.append(words)
        self.world.history.tell(f"STRIKE {len(self.struck)}: {words}")
        return True

    def _is_invocation(self, process: Process) -> bool:
        return process in self.world.gateway.running or process.name.startswith("sweep")
