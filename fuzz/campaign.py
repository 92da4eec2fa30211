"""Reads generated devfiles and holds the reader to what it promises of every text."""

import resource
import time
import traceback
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args

from chalicelib.devfile import Devfile, DevfileRefused, Problem, flattened, read, written
from chalicelib.devfile.findings import ProblemCode
from chalicelib.devfile.review import MAX_PROBLEMS
from chalicelib.usecases.workspaces.preview import NotToBeRun, preview
from fuzz.samples import Sample, sample

MOST_SECONDS = 1.0
"""Of processor, for one answer."""
MORE_MEMORY = 256 * 1024 * 1024
"""Bytes that a whole campaign may take above what the libraries need."""
TWICE = 50
"""One in so many is read a second time: the same text has the same answer."""

_PART = 500
_CODES = frozenset(get_args(ProblemCode))


@dataclass(slots=True)
class Tally:
    """What a campaign saw. ``broken``: seeds, with the promise that did not hold."""

    outcomes: Counter[str] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    broken: dict[int, str] = field(default_factory=dict)
    seconds: list[float] = field(default_factory=list)
    slowest: tuple[float, int] = (0.0, -1)
    accepted: list[int] = field(default_factory=list)
    """Seeds of devfiles that became manifests."""
    resident: float = 0.0
    """MiB that the process held at most."""

    def add(self, other: "Tally") -> None:
        """Count another part of the same campaign in."""
        self.outcomes += other.outcomes
        self.codes += other.codes
        self.broken |= other.broken
        self.seconds += other.seconds
        self.slowest = max(self.slowest, other.slowest)
        self.accepted += other.accepted
        self.resident = max(self.resident, other.resident)


class BrokenPromise(Exception):
    """A promise that did not hold."""


def run(seeds: Iterable[int]) -> Tally:
    """Read the devfiles of these seeds."""
    tally = Tally()
    for seed in seeds:
        one(sample(seed), tally)
    tally.resident = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return tally


def run_in_processes(seeds: range, processes: int) -> Tally:
    """Read them in so many processes, each of which may take ``MORE_MEMORY``."""
    parts = [seeds[start : start + _PART] for start in range(0, len(seeds), _PART)]
    tally = Tally()
    with ProcessPoolExecutor(processes, initializer=bound_memory) as pool:
        for part in pool.map(run, parts):
            tally.add(part)
    return tally


def bound_memory() -> None:
    """From now on, more than ``MORE_MEMORY`` ends in a MemoryError, which is a broken promise."""
    read(
        "schemaVersion: 2.3.0\ncomponents: [{name: a, container: {image: b}}]"
    )  # loads what is loaded late
    now = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (now + MORE_MEMORY, now + MORE_MEMORY))


def one(made: Sample, tally: Tally) -> None:
    """Read one, and note what came of it."""
    began = time.process_time()
    try:
        outcome = _answered(made, tally)
    except BrokenPromise as broken:
        outcome = "broken"
        tally.broken[made.seed] = str(broken)
    except Exception:  # noqa: BLE001 - that none gets out is what is tried here
        outcome = "broken"
        tally.broken[made.seed] = traceback.format_exc(limit=-4)
    spent = time.process_time() - began
    tally.seconds.append(spent)
    tally.slowest = max(tally.slowest, (spent, made.seed))
    if spent > MOST_SECONDS:
        tally.broken[made.seed] = f"took {spent:.2f} s"
    tally.outcomes[f"{made.kind}: {outcome}"] += 1


def _answered(made: Sample, tally: Tally) -> str:
    answer = _read(made)
    if made.seed % TWICE == 0 and answer != _read(made):
        raise BrokenPromise("the same text had two answers")
    if not isinstance(answer, Devfile):
        _check_refusal(answer)
        tally.codes.update(problem.code for problem in answer)
        return "refused"
    if made.files:
        _check_flattened(made, answer)
    try:
        preview(answer)
    except NotToBeRun:
        return "accepted, no workload"
    tally.accepted.append(made.seed)
    return "accepted"


def _read(made: Sample) -> Devfile | tuple[Problem, ...]:
    try:
        return read(made.text, made.reading())
    except DevfileRefused as refused:
        return refused.problems


def _check_refusal(problems: tuple[Problem, ...]) -> None:
    if not 1 <= len(problems) <= MAX_PROBLEMS + 1:
        raise BrokenPromise(f"{len(problems)} problems")
    for problem in problems:
        if problem.code not in _CODES or not problem.message.strip():
            raise BrokenPromise(f"a problem without code or words: {problem!r}")
        if problem.code != "too-many-problems" and min(problem.line, problem.column) < 1:
            raise BrokenPromise(f"a problem without a place: {problem!r}")
        if len(problem.message) > 2000 or not problem.message.isprintable():
            raise BrokenPromise(f"a message that cannot be shown: {problem.message[:300]!r}")


def _check_flattened(made: Sample, devfile: Devfile) -> None:
    """What was flattened and written out says the same by itself."""
    tree: Any = flattened(made.text, made.reading())
    again = read(written(tree), replace(made.reading(), resolver=None))
    if replace(again, notices=()) != replace(devfile, notices=()):
        raise BrokenPromise("the flattened devfile says something else")
