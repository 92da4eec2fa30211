from dataclasses import replace
from itertools import product

import pytest

from chalicelib.domain.errors import Clash
from chalicelib.domain.workspaces.decide import Order, Outcome, Sighting, decide, missed, order_due
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.transitions import want
from chalicelib.domain.workspaces.workspace import WorkspaceState
from tests.domain.scenarios import ENDED, RUNS, SCENARIOS, Scenario
from tests.domain.sightings import NOW, absent, buried, ending, refused, seen, state

LATER = NOW + 60


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda row: row.title)
def test_each_row_of_the_table_holds(scenario: Scenario) -> None:
    """Wish and report lead to what the row says is sent and stored."""
    after = scenario.given
    if scenario.wish is not None:
        after = want(after, scenario.wish, LATER) or after
    outcome, order = scenario.outcome, order_due(after)
    if scenario.report is not None:
        decision = decide(after, scenario.report, LATER)
        after = decision.state or after
        outcome, order = decision.outcome, decision.order
    assert (order, outcome) == (scenario.sends, scenario.outcome)
    assert (after.desired, after.actual, after.generation, after.acknowledged) == scenario.then


STARTS = [
    state(desired, actual, generation=2, acknowledged=acknowledged)
    for desired, actual, acknowledged in product(DesiredState, ActualState, (0, 1, 2))
    if (actual is not ActualState.TERMINATED or desired is DesiredState.TERMINATED)
]
REPORTS = [
    *(seen(actual, generation) for actual, generation in product(ActualState, (0, 1, 2, 3))),
    *(make(generation) for make, generation in product((ending, buried), (1, 2, 3))),
    absent(),
    refused(),
]


def answers(start: WorkspaceState, report: Sighting) -> tuple[WorkspaceState, Order]:
    decision = decide(start, report, LATER)
    return decision.state or start, decision.order


@pytest.mark.parametrize("desired", DesiredState)
def test_a_report_of_what_is_wanted_silences_the_second_poll(desired: DesiredState) -> None:
    """Whatever was before, once the present generation lives the same report twice sends nothing."""
    starts = [s for s in STARTS if s.desired is desired and s.actual is not ActualState.TERMINATED]
    tried = 0
    for start, actual in product(starts, ActualState):
        first, _ = answers(start, seen(actual, start.generation))
        if first.is_leaving:
            first, _ = answers(first, buried(first.generation))
        report = seen(actual, first.generation)
        second, _ = answers(first, report)
        third, order = answers(second, report)
        if third.actual is ActualState.TERMINATED:
            order = order_due(third)
        elif third.desired is DesiredState.RESTART_REQUESTED:
            assert actual is not ActualState.STOPPED
        assert order is Order.NOTHING, (start, actual)
        assert third == second
        tried += 1
    assert tried == len(starts) * len(ActualState)


def test_the_same_report_twice_changes_nothing_more() -> None:
    """For every state and report, the second of two equal reports changes only what the first began."""
    tried = 0
    for start, report in product(STARTS, REPORTS):
        first, order = answers(start, report)
        second, again = answers(first, report)
        assert second == first, (start, report)
        assert again is order
        tried += 1
    assert tried == len(STARTS) * len(REPORTS) > 4_000


def test_no_report_ever_changes_what_is_wanted_but_for_a_restart() -> None:
    """The desired state after any report is the one before, or Running after a restart's own stop."""
    for start, report in product(STARTS, REPORTS):
        after, _ = answers(start, report)
        if after.desired is start.desired:
            assert after.generation == start.generation
            continue
        assert (start.desired, after.desired) == (
            DesiredState.RESTART_REQUESTED,
            DesiredState.RUNNING,
        )
        assert report.actual is ActualState.STOPPED
        assert report.generation == start.generation
        assert after.generation == start.generation + 1


def test_no_report_lowers_the_acknowledgement_or_lifts_it_over_the_intent() -> None:
    """After any report the acknowledgement is at least what it was and at most the generation."""
    for start, report in product(STARTS, REPORTS):
        after, _ = answers(start, report)
        assert start.acknowledged <= after.acknowledged <= after.generation


def test_only_the_right_tombstone_ends_a_workspace() -> None:
    """An end (or being given up, for a move) is seen if and only if it was wished and nothing but that
    tombstone is left."""
    for start, report in product(STARTS, REPORTS):
        if start.actual is ActualState.TERMINATED:
            continue
        after, _ = answers(start, report)
        confirmed = start.is_leaving and report.absent and report.tombstone == start.generation
        assert (after.actual is ActualState.TERMINATED) is confirmed


def test_what_is_wanted_and_does_not_live_is_always_sent() -> None:
    """After any report, nothing is sent only if the present generation lives or the end is stored."""
    for start, report in product(STARTS, REPORTS):
        after, order = answers(start, report)
        if order is Order.NOTHING:
            ended = after.actual is ActualState.TERMINATED
            assert ended or after.live_generation == after.generation
        else:
            assert (order is Order.TERMINATE) is after.is_leaving


def test_terminated_is_absorbing() -> None:
    """No report changes a terminated workspace, and no wish does."""
    for report in REPORTS:
        assert decide(ENDED, report, LATER).state is None
    for desired in set(DesiredState) - {DesiredState.TERMINATED}:
        with pytest.raises(Clash):
            want(ENDED, desired, LATER)
    assert want(ENDED, DesiredState.TERMINATED, LATER) is None


@pytest.mark.parametrize("desired", [d for d in DesiredState if d is not DesiredState.TERMINATED])
def test_nothing_brings_back_what_is_to_be_terminated(desired: DesiredState) -> None:
    """A wish after the wish to terminate is refused, however far the termination came."""
    for start in STARTS:
        if start.desired is DesiredState.TERMINATED:
            with pytest.raises(Clash):
                want(start, desired, LATER)


def test_secrets_are_sent_only_while_the_reported_digest_differs() -> None:
    """A workspace with variables is sent whole until its Secrets are reported, and then never."""
    sealed = replace(RUNS, secrets_digest="abc")
    assert order_due(sealed) is Order.EVERYTHING
    settled, order = answers(sealed, seen(ActualState.RUNNING, 1, secrets_digest="abc"))
    assert order is Order.NOTHING
    stopped = want(settled, DesiredState.STOPPED, LATER)
    assert stopped is not None
    assert order_due(stopped) is Order.SPEC
    _, order = answers(settled, seen(ActualState.RUNNING, 1, secrets_digest="other"))
    assert order is Order.EVERYTHING


def test_a_full_answer_also_sends_what_drifted() -> None:
    """With the digest of the present rendering at hand, another live digest is an order."""
    assert order_due(RUNS) is Order.NOTHING
    assert order_due(RUNS, spec_digest=RUNS.spec_digest) is Order.NOTHING
    assert order_due(RUNS, spec_digest="other") is Order.SPEC
    assert order_due(ENDED, spec_digest="other") is Order.NOTHING


def test_absence_from_a_full_sync_sends_again_and_changes_no_intent() -> None:
    """What a full sync does not name is Unknown and due, unless it never was or is to end."""
    for start in (*STARTS, RUNS):
        after = missed(start, LATER)
        if start.is_leaving or start.acknowledged == 0:
            assert after is None
            continue
        assert after is not None
        assert after.actual is ActualState.UNKNOWN
        assert (after.desired, after.generation) == (start.desired, start.generation)
        assert after.acknowledged == start.acknowledged
        assert order_due(after) is Order.SPEC


def test_a_stale_report_is_told_apart() -> None:
    """A report that is older by epoch or resource version is answered as stale and changes nothing."""
    for start in STARTS:
        if start.actual is ActualState.TERMINATED:
            continue
        older = seen(ActualState.FAILED, 1, resource_version=9)
        decision = decide(start, older, LATER)
        assert decision.outcome is Outcome.STALE
        assert decision.state is None
        assert decision.order is order_due(start)
