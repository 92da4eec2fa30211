"""The acceptance run: whole clusters come up, serve and go, again and again, and leave nothing behind."""

import os
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from berth_local.cluster import prerequisites
from berth_local.cluster.acceptance_steps import HOSTS, IMAGE, STEPS, Trial, Wrong
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.images import build_debian
from berth_local.cluster.layout import cache_folder
from berth_local.cluster.leftovers import held_namespaces, leftovers, look_from_apart, machine

Report = Callable[[str], None]


@dataclass
class Outcome:
    """One cluster's run: seconds of each step in order, and what went wrong."""

    name: str
    seconds: dict[str, float] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    @property
    def total(self) -> float:
        """Seconds of all steps."""
        return sum(self.seconds.values())


def rounds(count: int, report: Report) -> bool:
    """Run `count` rounds, every second one with two clusters side by side; whether all of them passed."""
    prerequisites.ensure(report)
    image = build_debian(cache_folder(), ["curl"], IMAGE)
    look_from_apart()
    passed = 0
    for number in range(1, count + 1):
        names = [f"accept-{os.getpid()}-{side}" for side in ("a", "b")[: 2 - number % 2]]
        with ThreadPoolExecutor(len(names)) as pool:
            outcomes = list(pool.map(lambda name: one_cluster(name, image), names))
        passed += not any(outcome.failures for outcome in outcomes)
        report(f"round {number} of {count}, {len(names)} cluster(s)")
        for line in table(outcomes):
            report(line)
    report(f"{passed} of {count} rounds passed")
    return passed == count


def one_cluster(name: str, image: Path) -> Outcome:
    """Up, all steps, down, and a look at what is left. A step that fails ends the run of its cluster."""
    outcome = Outcome(name)
    before = machine()
    inside: frozenset[str] = frozenset()
    cluster = Cluster(name, images=[image], hosts=HOSTS)
    with ExitStack() as held:
        try:
            _timed(outcome, "up", cluster.start)
            inside = held.enter_context(held_namespaces(cluster.init))
            for title, step in STEPS:
                _timed(outcome, title, partial(step, Trial(cluster)))
        except (ClusterError, Wrong) as error:
            outcome.failures.append(f"{list(outcome.seconds)[-1]}: {error}")
        try:
            _timed(outcome, "down", cluster.stop)
        except ClusterError as error:
            outcome.failures.append(f"down: {error}")
        outcome.failures += leftovers(cluster.folder, before, inside)
    return outcome


def table(outcomes: list[Outcome]) -> list[str]:
    """The steps with the seconds of each cluster in a column, and below what went wrong."""
    titles = dict.fromkeys(title for outcome in outcomes for title in outcome.seconds)
    cells = ["".join(_cell(outcome.seconds.get(title)) for outcome in outcomes) for title in titles]
    lines = [f"  {title:<32}{cell}" for title, cell in zip(titles, cells, strict=True)]
    lines.append(f"  {'in all':<32}" + "".join(_cell(outcome.total) for outcome in outcomes))
    return lines + [
        f"  WRONG in {outcome.name}: {text}" for outcome in outcomes for text in outcome.failures
    ]


def _cell(seconds: float | None) -> str:
    return f"{seconds:8.2f} s" if seconds is not None else f"{'-':>10}"


def _timed(outcome: Outcome, title: str, step: Callable[[], None]) -> None:
    since = time.monotonic()
    try:
        step()
    finally:
        outcome.seconds[title] = time.monotonic() - since
