"""Shrinking a failing seed: the fewest faults under which it still breaks the same rule.

Delta debugging (Zeller and Hildebrandt, TSE 2002) over the numbers of the faults: a run with fewer
of them goes another way, so what is left is a small set that fails, and not always the smallest.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass

from simulation.trial import Verdict, tried
from simulation.world import World

MOST_RUNS = 250


@dataclass(frozen=True, slots=True)
class Shrunk:
    """``verdict`` is that of the run with ``faults`` alone, which breaks ``rule``."""

    seed: int
    rule: str
    before: int
    """Faults of the seed as it is drawn."""
    faults: tuple[int, ...]
    runs: int
    verdict: Verdict


class NothingToShrink(Exception):
    """The seed breaks no rule."""


class _Search:
    """Runs of one seed under subsets of its faults, none of them twice, and not too many."""

    def __init__(self, seed: int, make: Callable[..., World], most: int) -> None:
        self.runs = 0
        self._seed = seed
        self._make = make
        self._most = most
        self._known: dict[tuple[int, ...], bool] = {}
        whole = self._run(None)
        if not whole.violations:
            raise NothingToShrink(f"seed {seed} breaks no rule")
        self.rule = whole.violations[0].rule
        self.before = whole.drawn_faults
        self.best, self.verdict = tuple(range(whole.drawn_faults)), whole

    def fails(self, faults: tuple[int, ...]) -> bool:
        """Whether these faults alone break the same rule; False once too many runs were made."""
        if faults not in self._known and self.runs < self._most:
            verdict = self._run(faults)
            self._known[faults] = any(each.rule == self.rule for each in verdict.violations)
            if self._known[faults]:
                self.best, self.verdict = faults, verdict
        return self._known.get(faults, False)

    def _run(self, faults: Collection[int] | None) -> Verdict:
        self.runs += 1
        return tried(self._seed, faults, make=self._make)


def shrunk(seed: int, *, make: Callable[..., World] = World, most: int = MOST_RUNS) -> Shrunk:
    """Shrink a seed. ``make`` may plant a bug. Raises NothingToShrink."""
    search = _Search(seed, make, most)
    if not search.fails(()):
        _reduce(search)
    return Shrunk(seed, search.rule, search.before, search.best, search.runs, search.verdict)


def _reduce(search: _Search) -> None:
    """Leave out ever smaller parts, as long as it fails without them."""
    parts = 2
    while len(search.best) > 1:
        faults = search.best
        if any(search.fails(rest) for rest in _without_each(faults, parts)):
            parts = max(parts - 1, 2)
        elif parts < len(faults):
            parts = min(2 * parts, len(faults))
        else:
            return


def _without_each(faults: tuple[int, ...], parts: int) -> list[tuple[int, ...]]:
    size = -(-len(faults) // parts)
    starts = range(0, len(faults), size)
    return [faults[:start] + faults[start + size :] for start in starts]
