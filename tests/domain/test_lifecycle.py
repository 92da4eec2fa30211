from dataclasses import replace

import pytest

from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.lifecycle import LOOK_EVERY, LOOK_SOON, due_change, next_look
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from tests.domain.sightings import NOW, state

HOUR = 3600
RUNS = replace(state(DesiredState.RUNNING, ActualState.RUNNING, 1, 1), started_at=NOW)
LIMIT = OrganisationSettings(longest_run_seconds=2 * HOUR + 1800)


@pytest.mark.parametrize(
    "settings, after, is_due",
    [
        (LIMIT, 9_000 - 1, False),
        (LIMIT, 9_000, True),
        (OrganisationSettings(longest_run_seconds=0), 1e9, False),
    ],
)
def test_what_ran_too_long_is_due_to_stop(
    settings: OrganisationSettings, after: float, is_due: bool
) -> None:
    """A workspace is stopped when its run is as long as the organisation allows, never without a limit."""
    change = due_change(RUNS, settings, NOW + after)
    assert (change is not None) is is_due


def test_the_cause_is_said_in_words() -> None:
    """The change names its cause for programs and the limit for people."""
    change = due_change(RUNS, LIMIT, NOW + 10 * HOUR)
    assert change is not None
    assert (change.desired, change.cause) == (DesiredState.STOPPED, "longest-run")
    assert "2 h 30 min" in change.message


@pytest.mark.parametrize("desired", [d for d in DesiredState if d is not DesiredState.RUNNING])
def test_only_what_is_wanted_running_can_run_too_long(desired: DesiredState) -> None:
    """A workspace that is not wanted running is never due, whatever it still does."""
    assert due_change(replace(RUNS, desired=desired), LIMIT, NOW + 1e9) is None


def test_what_is_withheld_is_not_stopped_by_time() -> None:
    """A stop would make the workspace anew: nobody asked for that."""
    assert due_change(replace(RUNS, withheld=True), LIMIT, NOW + 1e9) is None


def test_the_next_look_is_in_time_for_the_end_of_the_run_and_never_late() -> None:
    """The sweep looks at the end of the run, at least each hour, and soon at what is under way."""
    assert next_look(RUNS, LIMIT, NOW) == NOW + LOOK_EVERY
    assert next_look(RUNS, LIMIT, NOW + 2 * HOUR) == NOW + 9_000
    assert next_look(RUNS, LIMIT, NOW + 9 * HOUR) == NOW + 9 * HOUR
    starts = replace(RUNS, actual=ActualState.STARTING)
    assert next_look(starts, LIMIT, NOW) == NOW + LOOK_SOON
