"""A token that leaked: what was said with it binds nobody once it is rotated at once."""

import pytest

from chalicelib.domain.agents.eras import epoch_in, next_era
from chalicelib.domain.errors import Clash
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.usecases.access.mint import proxy_token
from chalicelib.usecases.agents.prerequisites import prerequisites
from chalicelib.usecases.agents.rotate import rotate_agent
from chalicelib.usecases.workspaces.change import change_workspace
from chalicelib.usecases.workspaces.read import show_workspace
from chalicelib.wire.reconcile import PrerequisitesRequest
from tests.builders import PaperCluster, World, state_of

HIGHEST = 2**32 - 1


def rotate(world: World, overlap_seconds: int = 0) -> None:
    rotate_agent(world.ports, world.person, world.agent_id, overlap_seconds=overlap_seconds)


def steal(cluster: PaperCluster, workspace_id: str) -> None:
    """Say with the highest epoch and version there are that the workspace failed."""
    (report,) = (each for each in cluster.reports() if each.workspace_id == workspace_id)
    assert report.deployment is not None
    lie = report.model_copy(
        update={
            "resource_version": 2**53,
            "deployment": report.deployment.model_copy(update={"available": 0, "updated": 0}),
        }
    )
    cluster.ask(cluster.request(epoch=HIGHEST, era=None, reports=[lie]))


def test_a_rotation_at_once_ends_what_a_thief_fenced(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """The true agent, fenced by the highest epoch, is heard again, and its word replaces the lie."""
    cluster.settle()
    steal(cluster, workspace_id)
    assert state_of(world, workspace_id).actual is ActualState.STARTING
    with pytest.raises(Clash, match="newer instance"):
        cluster.poll()
    rotate(world)
    cluster.poll()
    cluster.poll("full")
    assert state_of(world, workspace_id).actual is ActualState.RUNNING
    change_workspace(world.ports, world.person, workspace_id, DesiredState.STOPPED)
    cluster.settle()
    assert state_of(world, workspace_id).actual is ActualState.STOPPED


def test_an_agent_that_heard_of_no_era_goes_on_at_once(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A former agent sends no era: after the rotation its messages are taken as they are."""
    cluster.settle()
    steal(cluster, workspace_id)
    rotate(world)
    answer = cluster.ask(cluster.request("full", era=None))
    assert [receipt.outcome for receipt in answer.receipts] == ["stored"]
    assert state_of(world, workspace_id).actual is ActualState.RUNNING


def test_a_report_of_the_era_before_changes_nothing(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A message that says an earlier era stores nothing, and hears of the present one alone."""
    cluster.settle()
    old = cluster.request("full", epoch=HIGHEST)
    rotate(world)
    cluster.poll()
    change_workspace(world.ports, world.person, workspace_id, DesiredState.STOPPED)
    before = show_workspace(world.ports, world.person, workspace_id).state
    world.store.reset()
    answer = cluster.ask(old)
    assert (answer.receipts, answer.orders, answer.era) == ((), (), world.agent().era)
    assert world.store.writes == 0
    assert show_workspace(world.ports, world.person, workspace_id).state == before


def test_a_page_of_the_era_before_completes_no_transfer(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Half a full transfer that a thief began is nothing that the new era goes on with."""
    cluster.settle()
    whole = {"id": "sync", "page": 0, "last": False}
    cluster.ask(cluster.request("full", reports=[], full_sync=whole))
    rotate(world)
    last = whole | {"page": 1, "last": True}
    cluster.ask(cluster.request("full", era=None, reports=[], full_sync=last))
    assert state_of(world, workspace_id).actual is ActualState.RUNNING


def test_a_message_read_before_the_rotation_cannot_fence_after_it(
    world: World, cluster: PaperCluster
) -> None:
    """A thief's call that was let in before the rotation and writes after it fails."""
    let_in = world.agent()
    rotate(world)
    request = PrerequisitesRequest(epoch=HIGHEST, instance="thief", namespace="berth")
    with pytest.raises(Clash, match="newer instance"):
        prerequisites(world.ports, let_in, request)
    cluster.poll()


def test_a_rotation_with_an_overlap_begins_no_era(world: World, cluster: PaperCluster) -> None:
    """A planned rotation leaves the fence and the proxy's token as they are."""
    cluster.poll()
    before = world.agent()
    rotate(world, overlap_seconds=60)
    after = world.agent()
    assert (after.era, after.epoch) == (before.era, before.epoch)
    assert proxy_token(world.ports.signer, after) == proxy_token(world.ports.signer, before)


def test_the_proxys_token_ends_with_the_era(world: World) -> None:
    """Who had the agent's token could ask for the proxy's: that one is another too, and told at once."""
    before = proxy_token(world.ports.signer, world.agent())
    rotate(world)
    agent = world.agent()
    assert proxy_token(world.ports.signer, agent) != before
    request = PrerequisitesRequest(epoch=1, instance="a", namespace="berth")
    assert prerequisites(world.ports, agent, request).era == agent.era


def test_an_idle_question_of_a_later_era_costs_one_read(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Eras cost nothing while nothing happens: one read, no write."""
    cluster.settle()
    rotate(world)
    cluster.poll()
    cluster.settle()
    world.store.reset()
    cluster.poll()
    assert (world.store.reads, world.store.writes) == (1, 0)


@pytest.mark.parametrize(
    "epoch, now, era",
    [
        (epoch_in(0, HIGHEST), 0.0, 1),
        (epoch_in(7, 3), 60.0 * 7, 8),
        (epoch_in(7, 3), 60.0 * 30_000_000, 30_000_000),
        (2**53, 0.0, 2**21 + 1),
    ],
)
def test_the_next_era_is_above_all_that_were(epoch: int, now: float, era: int) -> None:
    """The next era is higher than the last one and than any that began in an earlier minute."""
    assert next_era(epoch, now) == era
    assert epoch_in(era, 0) > epoch
