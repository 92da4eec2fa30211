"""Whole seeds, from faults to audit."""

import pytest

from simulation.trial import tried

SEEDS = (0, 3, 10, 27)
"""The last two have a byzantine agent, one of them three replicas of each agent."""


@pytest.mark.parametrize("seed", SEEDS)
def test_everything_becomes_as_it_is_wanted(seed: int) -> None:
    """After faults end, each workspace is as its owner last wished, and no rule was broken on the way."""
    verdict = tried(seed)
    assert verdict.violations == ()
    assert verdict.converged is not None
    assert verdict.faults.total() > 0
    assert verdict.workspaces > 0


def test_a_seed_is_always_the_same_story() -> None:
    """The same seed takes the same steps in the same order."""
    first, again = tried(7), tried(7)
    assert (first.trace, first.story) == (again.trace, again.story)
    assert tried(8).trace != first.trace
