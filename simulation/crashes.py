"""Crash points, one by one: each scenario is played once for every call of a model that it makes.

In each play one process is killed at one call: before the call has its effect, and after it where
it changes something; or one line of a watch is lost with its connection. The shortest scenarios are
played with every pair of strikes too. This is Sieve's pattern of intermediate and of unobserved
states (OSDI 2022), without chance.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field
from typing import Any

from simulation.campaign import pool_of
from simulation.plays import Play, played
from simulation.scenarios import SCENARIOS
from simulation.strikes import Spot

CHUNK = 20
FEW = 30
"""Scenarios of so many calls at most, five at this time, are played with two strikes."""

Spots = tuple[Spot, ...]
Job = tuple[str, Spots]


@dataclass(slots=True)
class Enumeration:
    """What an enumeration came to. ``plays`` has the plays without a strike, by scenario."""

    plays: dict[str, Play] = field(default_factory=dict)
    points: int = 0
    """Calls struck at, each alone."""
    lines: int = 0
    """Lines lost, each alone."""
    pairs: int = 0
    passed: int = 0
    failed: list[str] = field(default_factory=list)
    """How to play again what did not pass."""
    steps: int = 0
    longest: float = 0.0
    """Virtual seconds that a play took at most to come to what was wanted."""

    def add(self, play: Play) -> None:
        """Add one play."""
        self.steps += play.steps
        self.longest = max(self.longest, play.converged)
        if not play.spots:
            self.plays[play.scenario] = play
        elif len(play.spots) > 1:
            self.pairs += 1
        elif play.spots[0].is_line:
            self.lines += 1
        else:
            self.points += 1
        if play.violations:
            self.failed.append(play.again)
        elif play.spots:
            self.passed += 1

    @property
    def enumerated(self) -> int:
        """Plays with a strike."""
        return self.points + self.lines + self.pairs

    def line(self, seconds: float) -> str:
        """The run in one line."""
        return (
            f"crash points {self.enumerated} enumerated, {self.passed} passed: {self.points} calls,"
            f" {self.lines} lines of watches, {self.pairs} pairs, in {len(self.plays)} scenarios;"
            f" {self.steps} steps; converged in at most {self.longest:.0f} virtual s; {seconds:.0f} s"
        )

    def figures(self, seconds: float) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "scenarios": {name: play.calls for name, play in sorted(self.plays.items())},
            "crash_points_enumerated": self.enumerated,
            "crash_points_passed": self.passed,
            "calls": self.points,
            "watch_lines": self.lines,
            "pairs": self.pairs,
            "failed": self.failed,
            "steps": self.steps,
            "converged_virtual_seconds_max": round(self.longest, 1),
            "wall_seconds": round(seconds, 1),
        }


def enumerated(
    names: Iterable[str], *, workers: int, told: Callable[[Play], None]
) -> tuple[Enumeration, float]:
    """Play it all and return what it came to, and in how many seconds. ``told`` of each failure."""
    began, found = time.monotonic(), Enumeration()
    with pool_of(workers, hash_seed=0) as pool:
        for play in _all(pool, ((name, ()) for name in names)):
            _take(found, play, told)
        short = {name for name, play in found.plays.items() if play.calls <= FEW}
        counts: dict[Job, int] = {}
        for play in _all(pool, (job for each in found.plays.values() for job in single(each))):
            _take(found, play, told)
            if play.scenario in short and not play.spots[0].is_line:
                counts[play.scenario, play.spots] = play.calls
        for play in _all(pool, (job for each in sorted(counts.items()) for job in _second(*each))):
            _take(found, play, told)
    return found, time.monotonic() - began


def single(play: Play) -> Iterator[Job]:
    """Yield each strike at a play that had none."""
    for number in range(play.calls):
        yield play.scenario, (Spot(number),)
    for number in range(play.lines):
        yield play.scenario, (Spot(number, is_line=True),)


def _second(job: Job, calls: int) -> Iterator[Job]:
    """Yield each strike that may follow the first one, in a play with so many calls."""
    scenario, (first, *_) = job
    for number in range(first.number + 1, calls):
        yield scenario, (first, Spot(number))


def _all(pool: ProcessPoolExecutor, jobs: Iterable[Job]) -> Iterator[Play]:
    chosen = list(jobs)
    chunks = [chosen[start : start + CHUNK] for start in range(0, len(chosen), CHUNK)]
    for done in as_completed([pool.submit(_some, chunk) for chunk in chunks]):
        yield from done.result()


def _some(jobs: list[Job]) -> list[Play]:
    # A play leaves many cycles and lives for an instant: to look for them now and then costs a sixth.
    gc.disable()
    plays = [played(SCENARIOS[name], spots) for name, spots in jobs]
    gc.collect()
    return [play if play.violations else play.in_short() for play in plays]


def _take(found: Enumeration, play: Play, told: Callable[[Play], None]) -> None:
    found.add(play)
    if play.violations:
        told(play)
