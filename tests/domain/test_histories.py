"""Any history of wishes and reports, as hypothesis makes them up."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.errors import Clash
from chalicelib.domain.workspaces.decide import Order, Sighting, decide, order_due
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.transitions import placed, requested, want
from chalicelib.domain.workspaces.workspace import WorkspaceState
from tests.domain.sightings import NOW, buried, seen

REPORTS = st.builds(
    Sighting,
    epoch=st.integers(0, 3),
    resource_version=st.integers(0, 30),
    generation=st.integers(0, 8),
    absent=st.booleans(),
    actual=st.sampled_from(ActualState),
    tombstone=st.none() | st.integers(0, 8),
    secrets_digest=st.sampled_from(["", "abc"]),
)
RESTORED = st.builds(replace, REPORTS, after_restore=st.booleans())
WISHES = st.sampled_from(DesiredState)


@given(st.lists(WISHES | REPORTS, max_size=40))
def test_no_interleaving_loses_an_intent_or_lowers_a_counter(
    history: list[DesiredState | Sighting],
) -> None:
    """However stale, doubled or reordered the reports, the last accepted wish holds, and nothing falls."""
    now = requested("ws-0123456789ab", secrets_digest="abc", now=NOW, epoch=0)
    wished = now.desired
    for moment, step in enumerate(history):
        before = now
        if isinstance(step, DesiredState):
            try:
                now = want(now, step, NOW + moment) or now
                wished = step
            except Clash:
                assert wished in (DesiredState.TERMINATED, DesiredState.MOVE_REQUESTED)
        else:
            now = _reported(now, step)
            if now.desired is not before.desired:
                # All that Berth changes by itself: the second half of a restart, and of a move.
                assert before.desired in (
                    DesiredState.RESTART_REQUESTED,
                    DesiredState.MOVE_REQUESTED,
                )
                wished = DesiredState.RUNNING
        assert now.desired is wished
        assert now.generation >= before.generation
        assert before.acknowledged <= now.acknowledged <= now.generation
        if now.stay == before.stay:
            place = (now.epoch, now.resource_version)
            assert place >= (before.epoch, before.resource_version)
        if before.actual is ActualState.TERMINATED:
            assert now == before


@given(st.lists(WISHES | REPORTS, max_size=40))
def test_an_honest_agent_always_gets_there(history: list[DesiredState | Sighting]) -> None:
    """After any history, an agent that does what it is told reaches the last wish and is left alone."""
    now = requested("ws-0123456789ab", secrets_digest="abc", now=NOW, epoch=0)
    for step in history:
        if isinstance(step, Sighting):
            now = _reported(now, step)
        else:
            try:
                now = want(now, step, NOW) or now
            except Clash:
                continue
    for version in range(100, 110):
        now = _reported(now, _honest(now, version))
    assert order_due(now) is Order.NOTHING
    reached = {
        DesiredState.RUNNING: ActualState.RUNNING,
        DesiredState.STOPPED: ActualState.STOPPED,
        DesiredState.TERMINATED: ActualState.TERMINATED,
    }
    assert now.actual is reached[now.desired]


def _reported(now: WorkspaceState, step: Sighting) -> WorkspaceState:
    """The state after a report; what was given up has another agent then."""
    after = decide(now, step, NOW).state or now
    return placed(after, DesiredState.RUNNING, NOW, epoch=0) if after.is_given_up else after


def _honest(now: WorkspaceState, version: int) -> Sighting:
    if now.is_leaving:
        return replace(buried(now.generation), resource_version=version, epoch=9)
    actual = ActualState.RUNNING if now.desired is DesiredState.RUNNING else ActualState.STOPPED
    return seen(actual, now.generation, resource_version=version, epoch=9, secrets_digest="abc")


@given(st.lists(WISHES | RESTORED, max_size=40))
def test_a_restore_brings_nothing_back(history: list[DesiredState | Sighting]) -> None:
    """Whatever is reported after a restore, an end stays an end, no counter falls and what is
    withheld is sent to nobody but who wishes it."""
    now = requested("ws-0123456789ab", secrets_digest="abc", now=NOW, epoch=0)
    for step in history:
        before = now
        if isinstance(step, Sighting):
            now = _reported(now, step)
            if before.withheld and step.absent:
                assert order_due(now) in (Order.NOTHING, Order.TERMINATE)
        else:
            try:
                now = want(now, step, NOW) or now
                assert not now.withheld
            except Clash:
                assert before.is_leaving
        if before.desired is DesiredState.TERMINATED:
            assert now.desired is DesiredState.TERMINATED
        assert now.generation >= before.generation
        assert before.acknowledged <= now.acknowledged <= now.generation
