from dataclasses import replace

from chalicelib.domain.workspaces.decide import Order, Outcome, decide, order_due
from chalicelib.domain.workspaces.reasons import LOST
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.transitions import called_off, placed, requested
from tests.domain.sightings import BAD_IMAGE, NOW, absent, buried, seen, state


def test_what_was_just_asked_for_is_confirmed_by_nobody() -> None:
    """A new workspace has a first generation that no agent has acknowledged, and all of it is due."""
    new = requested("ws-000000000001", secrets_digest="sealed", now=NOW, epoch=0)
    assert (new.generation, new.acknowledged) == (1, 0)
    assert order_due(new) is Order.EVERYTHING


def test_another_cluster_counts_anew() -> None:
    """Of a workspace that came from another agent the lowest version of its new cluster is news."""
    left = replace(
        state(DesiredState.MOVE_REQUESTED, ActualState.TERMINATING, 2, 2), resource_version=900
    )
    came = placed(left, DesiredState.RUNNING, NOW, epoch=1)
    assert order_due(came) is not Order.NOTHING
    report = seen(ActualState.STARTING, 3, resource_version=1)
    assert decide(came, report, NOW).outcome is Outcome.STORED


def test_what_stays_is_ordered_again() -> None:
    """A workspace whose move is called off is its agent's again, whatever that removed by then."""
    moving = state(DesiredState.MOVE_REQUESTED, ActualState.TERMINATING, 2, 2)
    stays = called_off(moving, DesiredState.RUNNING, NOW)
    assert (stays.generation, stays.stay) == (3, 3)
    assert order_due(stays) is Order.SPEC


def test_who_is_ahead_confirms_nothing() -> None:
    """A cluster that has a generation which nobody asked for acknowledges none of ours."""
    wanted = state(DesiredState.RUNNING, ActualState.CREATION_REQUESTED)
    after = decide(wanted, seen(ActualState.RUNNING, 5), NOW).state
    assert after is not None
    assert after.acknowledged == 0


def test_the_first_removal_of_a_workspace_is_over_for_its_second_stay() -> None:
    """A tombstone of generation 1 stands in the way of a stay that began with generation 2, and is collected."""
    stays = replace(state(DesiredState.RUNNING, ActualState.CREATION_REQUESTED, 2), stay=2)
    decision = decide(stays, buried(1), NOW)
    assert decision.outcome is Outcome.COLLECT
    assert decision.state is not None
    assert decision.state.actual is ActualState.CREATION_REQUESTED


def test_a_tombstone_of_no_generation_is_not_of_before() -> None:
    """Somebody who removes a workspace by hand, under no generation, has not removed it before it came."""
    wanted = state(DesiredState.RUNNING, ActualState.CREATION_REQUESTED)
    decision = decide(wanted, buried(0), NOW)
    assert decision.outcome is Outcome.STORED
    assert decision.state is not None
    assert decision.state.actual is ActualState.ERROR


def test_what_vanished_is_lost_unless_its_target_knows_better() -> None:
    """A workspace that was there and is gone shows the reason that was seen, or else that it was lost."""
    ran = state(DesiredState.RUNNING, ActualState.RUNNING, 1, 1)
    for given, told in ((None, LOST), (BAD_IMAGE, BAD_IMAGE)):
        after = decide(ran, replace(absent(), reason=given), NOW).state
        assert after is not None
        assert (after.actual, after.reason) == (ActualState.UNKNOWN, told)
