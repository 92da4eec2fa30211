"""The control plane is killed at each of its writes, before and after it, in every short scenario."""

from collections.abc import Callable
from functools import partial

import pytest

from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.records import keys
from chalicelib.records.idempotency import Attempt
from chalicelib.records.pending import pending_of
from chalicelib.usecases.workspaces.change import change_workspace
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.read import Filters, list_workspaces
from tests.builders import DEVFILE, PaperCluster, make_world
from tests.doubles import Killed

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED
RESTART, TERMINATED = DesiredState.RESTART_REQUESTED, DesiredState.TERMINATED


class Story:
    """A person who creates a workspace and then has wishes, each said again until it was answered."""

    def __init__(self, wishes: list[DesiredState]) -> None:
        self.world = make_world()
        self.cluster = PaperCluster(self.world)
        self.wishes = wishes
        self.deaths = 0

    def run(self) -> None:
        """Tell the whole story; each step is repeated when the control plane dies in it."""
        self.insist(self.create)
        self.insist(self.settle)
        for wish in self.wishes:
            self.insist(partial(self.wish, wish))
            self.insist(self.settle)

    def insist(self, step: Callable[[], None]) -> None:
        try:
            step()
        except Killed:
            self.deaths += 1
            step()

    def create(self) -> None:
        org, user = self.world.organisation.id, self.world.person.id
        attempt = Attempt(org, user, "once", b"digest", 2_000_000_000)
        request = WorkspaceRequest("demo", self.world.agent_id, devfile=DEVFILE)
        create_workspace(self.world.ports, self.world.person, request, attempt)

    def settle(self) -> None:
        self.cluster.settle()

    def wish(self, desired: DesiredState) -> None:
        change_workspace(
            self.world.ports, self.world.person, self.states()[0].workspace_id, desired
        )

    def states(self) -> list[WorkspaceState]:
        """The states of all workspaces, the terminated too."""
        found: list[WorkspaceState] = []
        for filters in (Filters(), Filters(actual=ActualState.TERMINATED)):
            page = list_workspaces(
                self.world.ports, self.world.person, filters, cursor=None, limit=10
            )
            found += [view.state for view in page.items]
        return found


STORIES = {
    "create": ([], "Running"),
    "stop": ([STOPPED], "Stopped"),
    "restart": ([RESTART], "Running"),
    "terminate": ([TERMINATED], "Terminated"),
    "stop and start": ([STOPPED, RUNNING], "Running"),
    "restart and terminate": ([RESTART, TERMINATED], "Terminated"),
}


@pytest.mark.parametrize("title", STORIES)
def test_whatever_write_is_killed_the_last_wish_is_reached(title: str) -> None:
    """At every crash point the workspace gets where it should, with one workspace, one quota, no rest."""
    wishes, ends = STORIES[title]
    whole = Story(wishes)
    whole.run()
    writes = whole.world.store.writes
    assert writes >= 3
    for die_at in range(writes):
        for after in (False, True):
            story = Story(wishes)
            story.world.store.die_at, story.world.store.after = die_at, after
            story.run()
            assert story.deaths == 1, (die_at, after)
            check(story, ends)


def check(story: Story, ends: str) -> None:
    """The invariants that hold when all is quiet."""
    world = story.world
    (state,) = story.states()
    assert state.actual.value == ends
    assert pending_of(state) is None
    org = world.organisation.id
    partition = keys.of_agent(org, world.agent_id)
    assert world.store.query(partition, prefix=keys.PENDING).items == ()
    quota = world.store.get(keys.user_quota(org, world.person.id))
    assert quota is not None
    ended = state.actual is ActualState.TERMINATED
    assert quota.attributes["workspaces"] == (0 if ended else 1)
    assert len(world.store.query(keys.DUES).items) == (0 if ended else 1)
    assert all(times == 1 for times in story.cluster.applied.values())
    accepted = [item.attributes["action"] for item in world.store.query(keys.of_audit(org)).items]
    expected = state.generation + (1 if ended else 0)
    assert len(accepted) == expected, accepted
    world.store.reset()
    for _ in range(20):
        story.cluster.poll()
    assert (world.store.reads, world.store.writes) == (20, 0)
