"""A store that was restored from a backup: agents report before they obey, and nothing comes back."""

import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from chalicelib.domain.errors import Clash
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.records import audit
from chalicelib.usecases.agents.reconcile import reconcile
from chalicelib.usecases.agents.restore import begin_after_restore
from chalicelib.usecases.agents.rotate import rotate_agent
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.move import move_workspace
from chalicelib.usecases.workspaces.read import WorkspaceView, list_events, show_workspace
from chalicelib.wire.reconcile import ApplyOrder, TerminateOrder
from tests.builders import PaperCluster, World, add_agent, create, make_world

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED
TERMINATED = DesiredState.TERMINATED


class Backup:
    """The store at one moment."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept = sqlite3.connect(":memory:")
        with sqlite3.connect(path) as live:
            live.backup(self._kept)

    def restore(self) -> None:
        """Set the store back to that moment."""
        with sqlite3.connect(self._path) as live:
            self._kept.backup(live)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return make_world(path=str(tmp_path / "store"))


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[], Backup]:
    return lambda: Backup(tmp_path / "store")


def restore(world: World, kept: Backup) -> None:
    """Do what the guide says."""
    kept.restore()
    world.clock.advance(3600)
    assert [agent.id for agent in begin_after_restore(world.ports)] == [world.agent_id]


def show(world: World, workspace_id: str) -> WorkspaceView:
    return show_workspace(world.ports, world.person, workspace_id)


def shown(world: World, workspace_id: str) -> tuple[str, str]:
    state = show(world, workspace_id).state
    return state.desired.value, state.actual.value


@pytest.mark.parametrize("begun", [False, True], ids=["not-begun", "begun"])
def test_a_move_since_the_backup_starts_nothing_and_removes_nothing(
    world: World, backup: Callable[[], Backup], *, begun: bool
) -> None:
    """Where it was it is withheld until somebody asks; where it is now nothing of it is touched."""
    target = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    first, second = PaperCluster(world), PaperCluster(replace(world, agent_id=target))
    workspace_id = create(world, "demo")
    first.settle()
    kept = backup()
    move_workspace(world.ports, world.person, workspace_id, target)
    kept = backup() if begun else kept
    first.settle()
    second.settle()
    kept.restore()
    world.clock.advance(3600)
    assert len(list(begin_after_restore(world.ports))) == 2
    report_all(first)
    report_all(second)
    for _ in range(3):
        world.clock.advance(2 * 24 * 3600)
        first.poll("full")
        second.poll("full")
    assert show(world, workspace_id).state.withheld
    assert (set(first.live), set(second.live)) == (set(), {workspace_id})


def report_all(cluster: PaperCluster) -> None:
    """Hear of the new era, then report everything and obey the answer."""
    answer = cluster.poll()
    assert (answer.receipts, answer.orders) == ((), ())
    cluster.poll("full")


def test_nothing_is_ordered_before_everything_was_reported(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """Neither apply nor terminate is answered until the last page of a full transfer came."""
    ends = create(world, "ends")
    cluster.settle()
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    terminate_workspace(world.ports, world.person, ends)
    restore(world, backup())
    assert cluster.poll().era == world.agent().era
    assert cluster.poll(hears=False).orders == ()
    idle = cluster.ask(cluster.request(intent=world.agent().intent, reports=[]))
    assert (idle.orders, idle.intent) == ((), -1)
    page = {"id": "all", "page": 0, "last": False}
    first = cluster.ask(cluster.request("full", full_sync=page, reports=cluster.reports()[:1]))
    assert first.orders == ()
    assert cluster.poll(hears=False).orders == ()
    last = page | {"page": 1, "last": True}
    answer = cluster.ask(cluster.request("full", full_sync=last, reports=cluster.reports()[1:]))
    assert {type(order) for order in answer.orders} == {ApplyOrder, TerminateOrder}
    cluster.obey(answer)
    cluster.settle()
    assert shown(world, workspace_id) == ("Stopped", "Stopped")
    assert shown(world, ends) == ("Terminated", "Terminated")


def test_a_transfer_that_could_not_be_committed_is_asked_for_again_soon(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """With no time to note absences nothing is ordered, and all is to be reported again in seconds."""
    cluster.settle()
    create(world, "second")
    restore(world, backup())
    cluster.poll()
    answer = cluster.ask(cluster.request("full"), remaining=1.0)
    assert answer.orders == ()
    assert answer.full_sync_ms == 10_000
    assert world.agent().owes_report
    cluster.poll("full")
    assert not world.agent().owes_report


def test_what_the_cluster_is_ahead_with_is_made_anew_above_it(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """A generation that was lost is passed by far: the wish of the backup is what becomes true."""
    cluster.settle()
    kept = backup()
    for wish in (STOPPED, RUNNING, STOPPED):
        change_workspace(world.ports, world.person, workspace_id, wish)
        cluster.settle()
    restore(world, kept)
    report_all(cluster)
    cluster.settle()
    assert shown(world, workspace_id) == ("Running", "Running")
    assert show(world, workspace_id).state.generation == 4 + 2**20
    assert cluster.live[workspace_id].replicas == 1
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    cluster.settle()
    assert shown(world, workspace_id) == ("Stopped", "Stopped")
    last = audit.load_last(world.ports.store, world.organisation.id, workspace_id)
    assert last is not None
    assert (last.action, last.generation) == ("workspaces:stop", 5 + 2**20)
    told = list_events(world.ports, world.person, workspace_id, cursor=None, limit=20).events
    assert "desired-restored" in {event.kind for event in told}


def test_the_first_wish_after_a_restore_passes_all_that_may_have_been_claimed(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """What is as the backup says is not sent again; its next generation, and no further one, leaps."""
    cluster.settle()
    restore(world, backup())
    before = dict(cluster.applied)
    report_all(cluster)
    assert cluster.applied == before
    generations = []
    for wish in (STOPPED, RUNNING):
        change_workspace(world.ports, world.person, workspace_id, wish)
        cluster.settle()
        generations.append(show(world, workspace_id).state.live_generation)
    assert generations == [1 + 2**20, 2 + 2**20]


def test_a_termination_that_the_backup_does_not_know_is_final(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """What the backup wants running and lies under its tombstone is terminated again, and stays so."""
    cluster.settle()
    kept = backup()
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.poll()
    assert workspace_id in cluster.tombstones
    restore(world, kept)
    assert shown(world, workspace_id) == ("Running", "Running")
    report_all(cluster)
    cluster.settle()
    assert shown(world, workspace_id) == ("Terminated", "Terminated")
    assert (cluster.live, cluster.tombstones) == ({}, {})
    assert cluster.applied == {(workspace_id, 1): 1}


def test_a_wish_since_the_restore_does_not_outlive_a_lost_termination(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """Wished before its cluster was heard, it has the very generation of the tombstone, and ends all the same."""
    cluster.settle()
    kept = backup()
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.poll()
    tombstone, _ = cluster.tombstones[workspace_id]
    restore(world, kept)
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    assert show(world, workspace_id).state.generation == tombstone
    report_all(cluster)
    cluster.settle()
    assert shown(world, workspace_id) == ("Terminated", "Terminated")
    assert (cluster.live, cluster.tombstones) == ({}, {})


def test_what_was_terminated_and_forgotten_since_is_not_made_again(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """Of a workspace that the cluster has nothing of, not even a tombstone, nothing is sent unasked."""
    cluster.settle()
    young = create(world, "young")
    kept = backup()
    cluster.settle()
    for each in (workspace_id, young):
        terminate_workspace(world.ports, world.person, each)
    cluster.settle()
    before = dict(cluster.applied)
    restore(world, kept)
    report_all(cluster)
    cluster.settle()
    cluster.poll("full")
    world.clock.advance(30 * 24 * 3600)
    cluster.poll("full")
    assert cluster.applied == before
    assert cluster.live == {}
    for each in (workspace_id, young):
        state = show(world, each).state
        assert (state.actual, state.reason and state.reason.code) == (
            ActualState.UNKNOWN,
            "GoneSinceBackup",
        )
    terminate_workspace(world.ports, world.person, workspace_id)
    change_workspace(world.ports, world.person, young, RUNNING)
    cluster.poll()
    cluster.poll("full")
    cluster.settle()
    assert shown(world, workspace_id) == ("Terminated", "Terminated")
    assert shown(world, young) == ("Running", "Running")


def test_what_is_not_settled_yet_is_not_sent_although_all_was_named(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """A report that there was no time to store holds its workspace back, and no other."""
    other = create(world, "other")
    cluster.settle()
    for each in (workspace_id, other):
        change_workspace(world.ports, world.person, each, STOPPED)
    restore(world, backup())
    cluster.poll()
    mine, others = sorted(cluster.reports(), key=lambda report: report.workspace_id == other)
    page = {"id": "all", "page": 0, "last": False}
    late = cluster.request("full", full_sync=page, reports=[mine])
    assert cluster.ask(late, remaining=1.0).receipts == ()
    last = page | {"page": 1, "last": True}
    answer = cluster.ask(cluster.request("full", full_sync=last, reports=[others]))
    assert [order.workspace_id for order in answer.orders] == [other]
    cluster.obey(answer)
    cluster.settle()
    assert shown(world, workspace_id) == ("Stopped", "Stopped")


def test_a_transfer_commits_nothing_for_a_later_restore(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """A call that began before the store was restored once more does not count as the report since."""
    cluster.settle()
    restore(world, backup())
    report_all(cluster)
    restore(world, backup())
    cluster.poll(hears=False)
    cluster.era = world.agent().era
    cluster.poll()
    let_in, request = world.agent(), cluster.request("full")
    restore(world, backup())
    with pytest.raises(Clash):
        reconcile(world.ports, replace(let_in, heard_at=None), request, remaining=lambda: 25.0)
    answer = reconcile(
        world.ports,
        replace(let_in, heard_at=world.clock.now()),
        request,
        remaining=lambda: 25.0,
    )
    assert answer.orders == ()
    assert world.agent().owes_report


def test_a_workspace_made_after_the_restore_is_like_any_other(
    world: World, cluster: PaperCluster, backup: Callable[[], Backup]
) -> None:
    """It waits for the full transfer, is then sent, and is sent again when it is lost."""
    restore(world, backup())
    made = create(world, "made")
    report_all(cluster)
    cluster.settle()
    assert shown(world, made) == ("Running", "Running")
    del cluster.live[made]
    assert [order.workspace_id for order in cluster.poll("full").orders] == [made]


def test_a_report_from_before_the_restore_changes_nothing(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """A full transfer that was under way when the store was restored commits nothing."""
    cluster.settle()
    kept = backup()
    old = cluster.request("full")
    restore(world, kept)
    world.store.reset()
    answer = cluster.ask(old)
    assert (answer.receipts, answer.orders, world.store.writes) == ((), (), 0)
    assert world.agent().owes_report


def test_eras_that_the_backup_does_not_know_are_not_begun_again(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """Though an era was begun after the backup, that of the restore is a later one."""
    cluster.settle()
    kept = backup()
    for _ in range(3):
        world.clock.advance(60)
        rotate_agent(world.ports, world.person, world.agent_id, overlap_seconds=0)
    lost = world.agent().era
    restore(world, kept)
    assert world.agent().era > lost


def test_a_former_agent_reports_before_it_obeys_too(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """An agent that knows of no era gets no order either until it reports everything of itself."""
    cluster.settle()
    kept = backup()
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    cluster.settle()
    restore(world, kept)
    assert cluster.ask(cluster.request(era=None, intent=-1)).orders == ()
    answer = cluster.ask(cluster.request("full", era=None))
    (order,) = answer.orders
    assert order.generation == 2 + 2**20


def test_a_liar_cannot_push_a_generation_out_of_reach(
    world: World, cluster: PaperCluster, workspace_id: str, backup: Callable[[], Backup]
) -> None:
    """A reported generation that nobody ever counted to raises nothing."""
    cluster.settle()
    restore(world, backup())
    cluster.poll()
    (report,) = cluster.reports()
    lie = report.model_copy(update={"generation": 2**53})
    cluster.ask(cluster.request("full", reports=[lie]))
    state = show(world, workspace_id).state
    assert (state.generation, state.reason and state.reason.code) == (1, "Ahead")
