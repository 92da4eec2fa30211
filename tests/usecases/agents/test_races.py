"""Two callers at once: one reads, the other writes, then the first one writes."""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.domain.errors import TooMany
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.records import keys
from chalicelib.usecases.workspaces.change import change_workspace
from chalicelib.usecases.workspaces.sweep import sweep
from tests.builders import PaperCluster, World, create, make_world, state_of

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED
RESTART, TERMINATED = DesiredState.RESTART_REQUESTED, DesiredState.TERMINATED


def wishes(world: World, workspace_id: str, desired: DesiredState) -> Callable[[], object]:
    """What somebody wishes in between."""
    return partial(change_workspace, world.ports, world.person, workspace_id, desired)


@pytest.mark.parametrize("desired", [STOPPED, TERMINATED, RESTART])
def test_a_report_never_overwrites_a_wish_that_came_in_between(
    world: World, cluster: PaperCluster, workspace_id: str, desired: DesiredState
) -> None:
    """The report is stored on top of the wish, and the wish is reached."""
    cluster.poll()
    world.store.meanwhile = wishes(world, workspace_id, desired)
    cluster.poll()
    after = state_of(world, workspace_id)
    assert (after.desired, after.generation) == (desired, 2)
    assert after.acknowledged == 1
    cluster.settle()
    reached = {STOPPED: ActualState.STOPPED, TERMINATED: ActualState.TERMINATED}
    assert state_of(world, workspace_id).actual is reached.get(desired, ActualState.RUNNING)


def test_a_restart_that_ends_never_overwrites_a_wish_to_terminate(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Terminated wished at the very moment of the restart's own stop stays wished."""
    cluster.settle()
    change_workspace(world.ports, world.person, workspace_id, RESTART)
    cluster.poll()
    world.store.meanwhile = wishes(world, workspace_id, TERMINATED)
    cluster.poll()
    assert state_of(world, workspace_id).desired is TERMINATED
    cluster.settle()
    assert state_of(world, workspace_id).actual is ActualState.TERMINATED


def test_a_wish_is_made_on_top_of_a_report_that_came_in_between(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """What was acknowledged meanwhile is not lost by the wish."""
    cluster.poll()
    world.store.meanwhile = cluster.poll
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    after = state_of(world, workspace_id)
    assert (after.desired, after.generation, after.acknowledged) == (STOPPED, 2, 1)


def test_the_sweep_gives_way_to_a_person(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A restart wished while the sweep looks is not overwritten by its stop."""
    cluster.settle()
    world.clock.advance(36 * 3600)
    world.store.meanwhile = wishes(world, workspace_id, RESTART)
    sweep(world.ports, remaining=lambda: 60.0)
    assert state_of(world, workspace_id).desired is RESTART


def test_the_last_place_of_a_quota_is_taken_once() -> None:
    """Of two creations at once with one place left, one is refused and the count is the limit."""
    world = make_world(
        OrganisationSettings(git_hosts=(GitHost("git.example.com"),), workspaces_per_user=1)
    )
    world.store.meanwhile = partial(create, world, "quicker")
    with pytest.raises(TooMany):
        create(world, "slower")
    quota = world.store.get(keys.user_quota(world.organisation.id, world.person.id))
    assert quota is not None
    assert quota.attributes["workspaces"] == 1
