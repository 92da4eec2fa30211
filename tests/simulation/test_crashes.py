"""Crash points: what is counted, what is struck, and that a bug that only a crash shows is found."""

from functools import partial

import pytest

from simulation.crashes import single
from simulation.plays import Play, played
from simulation.scenarios import SCENARIOS
from simulation.strikes import Spot
from simulation.world import World
from tests.simulation.plants import TearsTransactions


@pytest.fixture(scope="module")
def creation() -> Play:
    """The creation of a workspace, without a strike."""
    return played(SCENARIOS["create"])


def test_there_are_enough_scripts() -> None:
    """At least forty scenarios are enumerated."""
    assert len(SCENARIOS) >= 40


def test_moments_of_all_processes_are_counted(creation: Play) -> None:
    """A creation has dozens of calls, of handlers and of the agent, and lines of watches."""
    assert creation.violations == ()
    assert creation.calls > 40
    assert creation.lines > 5


@pytest.mark.parametrize("spot", [Spot(0), Spot(20), Spot(50), Spot(2, is_line=True)])
def test_a_strike_is_survived(spot: Spot) -> None:
    """Whatever is killed or lost on the way, the created workspace runs in the end."""
    play = played(SCENARIOS["create"], (spot,))
    assert play.violations == ()
    assert len(play.struck) == 1
    assert any("STRIKE 1" in line for line in play.story)


def test_a_play_is_always_the_same_story() -> None:
    """The same strikes at the same script give the equal trace."""
    spots = (Spot(12), Spot(30))
    first, again = played(SCENARIOS["stop"], spots), played(SCENARIOS["stop"], spots)
    assert (first.trace, first.story) == (again.trace, again.story)
    assert played(SCENARIOS["stop"], (Spot(12),)).trace != first.trace


def test_a_bug_that_only_a_crash_shows_is_found(creation: Play) -> None:
    """A transaction that is torn in two goes well until a handler dies between its halves."""
    make = partial(World, over=TearsTransactions)
    whole = played(SCENARIOS["create"], make=make)
    assert whole.violations == ()
    of_the_handler = [spots for _, spots in single(creation)][: creation.calls // 4]
    plays = [played(SCENARIOS["create"], spots, make) for spots in of_the_handler]
    broken = [play for play in plays if play.violations]
    assert 0 < len(broken) < len(plays) / 2
    for play in broken:
        assert "INV-18" in {violation.rule for violation in play.violations}
        assert "killed" in play.struck[0]
        assert "--kill" in play.again
