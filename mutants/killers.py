"""What looks for a breakage: a few tests, then seeds of the simulator. The cheapest comes first."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

TESTS_SECONDS = 300
SEED_SECONDS = 6
"""For each seed, beside a minute for all: many times what it takes."""

_NOT_COLLECTED = 2

_FAILED = re.compile(r"^(?:FAILED|ERROR) ([^\s\[]+)", re.MULTILINE)
"""Without the test's parameters."""


class Broken(Exception):
    """A killer could not do its work: what it said tells nothing of the mutant."""


class Unloadable(Broken):
    """The tests could not even be collected."""


@dataclass(frozen=True, slots=True)
class Finding:
    """``killer`` is the test or the rule that failed, empty where all is well; ``seeds``: how many
    it took the simulator, 0 where it was not asked."""

    killer: str
    seconds: float
    seeds: int = 0


def run_tests(root: Path, tests: Sequence[str]) -> Finding:
    """Run tests up to the first that fails."""
    # A fixed seed of hypothesis: what is found once is found again.
    pytest = [sys.executable, "-m", "pytest", "-x", "-q", "--no-header", "--tb=no"]
    more = ["-p", "no:cacheprovider", "--hypothesis-seed=0"]
    began = time.monotonic()
    code, said = _ran([*pytest, *more, *tests], root, TESTS_SECONDS)
    seconds = time.monotonic() - began
    if code is None:
        return Finding("time limit of the tests", seconds)
    if code == 0:
        return Finding("", seconds)
    failed = _FAILED.search(said)
    if code == _NOT_COLLECTED:
        raise Unloadable(said[-600:])
    if code != 1 or failed is None:
        raise Broken(f"pytest ended with {code}: {said[-600:]}")
    return Finding(failed[1], seconds)


def run_seeds(root: Path, count: int) -> Finding:
    """Run seeds up to the first that fails."""
    began = time.monotonic()
    command = [sys.executable, "-m", "mutants.seeds", str(count)]
    code, said = _ran(command, root, 60 + SEED_SECONDS * count)
    seconds = time.monotonic() - began
    if code is None:
        return Finding("time limit of the simulation", seconds, count)
    if code:
        raise Broken(f"the simulator ended with {code}: {said[-600:]}")
    told = json.loads(said.splitlines()[-1])
    return Finding(", ".join(told["rules"]), seconds, told["seeds"])


def _ran(command: list[str], root: Path, limit: float) -> tuple[int | None, str]:
    """Run a program; its exit code, or None where the time was over, and what it said."""
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": str(root)}
    try:
        done = subprocess.run(
            command,
            cwd=root,
            env=environment,
            timeout=limit,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return None, ""
    return done.returncode, done.stdout
