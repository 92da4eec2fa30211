"""All chosen mutants, each in a copy of the tree, as many at a time as there are copies."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from mutants.copies import Copy, copies
from mutants.killers import Broken, Finding, run_seeds, run_tests
from mutants.mutant import Mutant, NotApplicable
from mutants.pool import Pool


@dataclass(frozen=True, slots=True)
class Plan:
    """``seeds`` of the simulator for each mutant; ``simulation_only``: no test is run."""

    seeds: int
    workers: int
    simulation_only: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a mutant. ``error``: it could not be tried."""

    mutant: Mutant
    killer: str = ""
    seconds: float = 0.0
    seeds: int = 0
    error: str = ""

    @property
    def is_killed(self) -> bool:
        """Whether something failed."""
        return bool(self.killer)

    def is_fault(self, plan: Plan) -> bool:
        """Whether it speaks against the row or against the tests: it could not be tried, or it
        survived without a reason. What the simulation alone finds is a measure, no promise."""
        survived = not (self.is_killed or self.mutant.survives or plan.simulation_only)
        return bool(self.error) or survived


def run(chosen: Sequence[Mutant], plan: Plan, told: Callable[[Result], None]) -> list[Result]:
    """Try each mutant and return what became of it, in the order of the table; ``told`` of each as
    it is done. Raises Broken where the tree fails as it is."""
    with copies(plan.workers) as free:
        pool = Pool(free)
        with pool.borrowed() as copy:
            _check_sound(copy, chosen, plan)

        def one(copy: Copy, mutant: Mutant) -> Result:
            result = _tried(copy, mutant, plan)
            told(result)
            return result

        return pool.each(chosen, one)


def _check_sound(copy: Copy, chosen: Sequence[Mutant], plan: Plan) -> None:
    """A killer that fails without a mutant would kill everything."""
    tests = sorted({test for mutant in chosen for test in mutant.tests})
    findings = [] if plan.simulation_only or not tests else [run_tests(copy.root, tests)]
    findings.append(run_seeds(copy.root, plan.seeds))
    for finding in findings:
        if finding.killer:
            raise Broken(f"the tree fails without any mutant: {finding.killer}")


def _tried(copy: Copy, mutant: Mutant, plan: Plan) -> Result:
    try:
        with copy.broken(mutant):
            finding = _looked_for(copy, mutant, plan)
    except (NotApplicable, Broken, SyntaxError) as error:
        return Result(mutant, error=str(error))
    return Result(mutant, finding.killer, finding.seconds, finding.seeds)


def _looked_for(copy: Copy, mutant: Mutant, plan: Plan) -> Finding:
    seconds = 0.0
    if mutant.tests and not plan.simulation_only:
        found = run_tests(copy.root, mutant.tests)
        if found.killer:
            return found
        seconds = found.seconds
    found = run_seeds(copy.root, plan.seeds)
    return Finding(found.killer, seconds + found.seconds, found.seeds)
