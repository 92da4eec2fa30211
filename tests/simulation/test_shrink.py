"""Shrinking: a bug that chance found is told with the few faults that it needs."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

import pytest

from simulation.dice import Dice
from simulation.faults import Fault
from simulation.shrink import NothingToShrink, Shrunk, shrunk
from simulation.swarm import Swarm
from simulation.trial import tried
from simulation.world import World
from tests.simulation.plants import ForgetsConditions

SEEDS = range(20)
_RATES = {
    Fault.DOUBLED: 0.6,
    Fault.DELAYED: 0.1,
    Fault.RESPONSE_LOST: 0.1,
    Fault.BAD_GATEWAY: 0.1,
    Fault.CLUSTER_BUSY: 0.1,
    Fault.STORE_BUSY: 0.05,
}


def _planted(swarm: Swarm, dice: Dice, only: Collection[int] | None = None) -> World:
    """A small world whose store forgets conditions."""
    small = replace(swarm, tenants=1, agents=1, replicas=1, people=1, actions=3, think=1.0)
    calm = replace(small, idle_poll=5.0, unruly=False, byzantine=False, rates=_RATES)
    return World(calm, dice, only, over=ForgetsConditions)


@pytest.fixture(scope="module")
def found() -> Shrunk:
    """The first seed that finds the planted bug, shrunk."""
    for seed in SEEDS:
        if tried(seed, make=_planted).violations:
            return shrunk(seed, make=_planted, most=60)
    pytest.fail("no seed found the planted bug")


def test_a_planted_bug_is_shrunk_to_the_faults_that_it_needs(found: Shrunk) -> None:
    """Of all faults of a seed at most three are left, and the same rule is still broken."""
    assert found.before > 3
    assert 1 <= len(found.faults) <= 3
    assert found.rule in {violation.rule for violation in found.verdict.violations}
    assert found.runs <= 60


def test_the_story_names_the_faults(found: Shrunk) -> None:
    """The story tells each fault that is left, where it happened, and the rule that broke."""
    told = [line for line in found.verdict.story if "fault " in line]
    assert len(told) == len(found.faults)
    assert any(str(Fault.DOUBLED) in line for line in told)
    assert any(f"VIOLATION {found.rule}" in line for line in found.verdict.story)


def test_the_same_faults_are_the_same_story(found: Shrunk) -> None:
    """A shrunk seed runs again with the equal trace."""
    again = tried(found.seed, found.faults, make=_planted)
    assert (again.trace, again.story) == (found.verdict.trace, found.verdict.story)


def test_a_seed_that_is_well_is_not_shrunk() -> None:
    """Where no rule is broken there is nothing to shrink."""
    with pytest.raises(NothingToShrink):
        shrunk(8)
