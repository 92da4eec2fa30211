"""When a full transfer is complete, and what it means that it is not."""

from collections.abc import Callable

import pytest

from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.store import StoreBusy
from chalicelib.usecases.agents.restore import begin_after_restore
from chalicelib.usecases.workspaces.change import change_workspace
from chalicelib.wire.reconcile import ReconcileResponse
from tests.builders import PaperCluster, World, create, state_of


@pytest.fixture
def world(roomy: World) -> World:
    """An organisation whose users may have three workspaces, and more."""
    return roomy


@pytest.fixture
def ids(world: World, cluster: PaperCluster) -> list[str]:
    """Three workspaces that run."""
    made = [create(world, f"w{number}") for number in range(3)]
    cluster.settle()
    return made


def page(cluster: PaperCluster, number: int, named: str, *, last: bool) -> None:
    """Send one page of a transfer, which names one workspace."""
    reports = {report.workspace_id: report for report in cluster.reports()}
    whole = {"id": "all", "page": number, "last": last}
    cluster.ask(cluster.request("full", full_sync=whole, reports=[reports[named]]))


def owes_a_report(answer: ReconcileResponse) -> bool:
    """Whether the agent is told to transfer everything again before it hears of orders."""
    return answer.full_sync_ms == 10_000


def test_two_holders_of_the_lease_never_complete_one_transfer(
    world: World, cluster: PaperCluster, ids: list[str]
) -> None:
    """A page of the former leader and the last page of the new one, under one id, mark nothing."""
    page(cluster, 0, ids[0], last=False)
    cluster.epoch += 1
    page(cluster, 1, ids[1], last=True)
    assert [state_of(world, each).actual for each in ids] == [ActualState.RUNNING] * 3
    page(cluster, 0, ids[0], last=False)
    page(cluster, 1, ids[1], last=True)
    assert [state_of(world, each).actual for each in ids] == [
        ActualState.RUNNING,
        ActualState.RUNNING,
        ActualState.UNKNOWN,
    ]


@pytest.mark.parametrize("first", [0, 1])
def test_a_transfer_without_all_of_its_pages_is_told_in_the_log(
    cluster: PaperCluster, ids: list[str], first: int, caplog: pytest.LogCaptureFixture
) -> None:
    """A last page before which one is missing is logged as a warning, and a whole transfer is not."""
    for number in range(first, 2):
        page(cluster, number, ids[number], last=number == 1)
    assert ("without all of its pages" in caplog.text) is bool(first)


def wish(world: World, ids: list[str]) -> None:
    """Somebody changes the missing workspace while its absence is noted."""

    def stop() -> None:
        change_workspace(world.ports, world.person, ids[2], DesiredState.STOPPED)

    world.store.meanwhile = stop


def throttle(world: World, ids: list[str]) -> None:
    """The store is busy when the absence is noted."""
    del ids
    world.store.reset()
    world.store.die_at, world.store.dies_of = 0, StoreBusy


@pytest.mark.parametrize("happens", [wish, throttle])
def test_an_absence_that_cannot_be_stored_leaves_the_transfer_open(
    world: World,
    cluster: PaperCluster,
    ids: list[str],
    happens: Callable[[World, list[str]], None],
) -> None:
    """After a restore an agent whose transfer could not be stored whole is asked for another one."""
    assert list(begin_after_restore(world.ports))
    cluster.poll()  # it hears of its new era
    del cluster.live[ids[2]]
    for report in cluster.reports():
        cluster.ask(cluster.request(reports=[report]))  # so that its absence is the only news
    happens(world, ids)
    assert owes_a_report(cluster.poll("full"))
    assert owes_a_report(cluster.poll())
    world.store.die_at = None
    assert not owes_a_report(cluster.poll("full"))
    assert ids[2] not in cluster.live


def test_a_transfer_that_is_not_whole_is_none_after_a_restore(
    world: World, cluster: PaperCluster, ids: list[str]
) -> None:
    """Neither a last page without the first nor a transfer whose time is up ends what an agent owes."""
    assert list(begin_after_restore(world.ports))
    cluster.poll()
    page(cluster, 1, ids[1], last=True)
    assert owes_a_report(cluster.poll())
    cluster.ask(cluster.request("full"), remaining=1.0)
    assert owes_a_report(cluster.poll())
    assert not owes_a_report(cluster.poll("full"))
