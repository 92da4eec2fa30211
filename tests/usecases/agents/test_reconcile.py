import pytest

from chalicelib.domain.errors import Clash, Invalid
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.store import Update
from chalicelib.records import audit, keys
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.read import WorkspaceView, list_events, show_workspace
from chalicelib.wire.reconcile import ApplyOrder, TerminateOrder
from tests.builders import PaperCluster, World, create, report_of

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED
RESTART, TERMINATED = DesiredState.RESTART_REQUESTED, DesiredState.TERMINATED


def show(world: World, workspace_id: str) -> WorkspaceView:
    return show_workspace(world.ports, world.person, workspace_id)


def shown(world: World, workspace_id: str) -> tuple[str, str]:
    state = show(world, workspace_id).state
    return state.desired.value, state.actual.value


def test_a_workspace_lives_from_creation_to_termination(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Created, run, stopped, started, restarted and terminated, each generation applied once."""
    cluster.settle()
    assert shown(world, workspace_id) == ("Running", "Running")
    for wish, then in [(STOPPED, "Stopped"), (RUNNING, "Running"), (RESTART, "Running")]:
        change_workspace(world.ports, world.person, workspace_id, wish)
        cluster.settle()
        assert shown(world, workspace_id)[1] == then
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.settle()
    assert shown(world, workspace_id) == ("Terminated", "Terminated")
    assert cluster.live == {}
    assert cluster.tombstones == {}
    assert cluster.applied == {(workspace_id, generation): 1 for generation in range(1, 6)}


def test_the_timeline_tells_the_life_newest_first(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Creation, what was seen and what was wished are events in words, in order."""
    cluster.settle()
    world.clock.advance(5)
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    world.clock.advance(5)
    cluster.settle()
    page = list_events(world.ports, world.person, workspace_id, cursor=None, limit=10)
    assert [(event.kind, event.message) for event in page.events[:2]] == [
        ("actual", "Stopped; its volume is kept."),
        ("desired-stop", "Asked to stop."),
    ]
    assert page.events[-1].kind in {"created", "actual"}
    assert {event.actor for event in page.events} == {world.person.id, world.agent_id}


def test_the_second_half_of_a_restart_is_told_as_such(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A restart that was asked for ends with an event and an audit record of a restart, of no restore."""
    cluster.settle()
    change_workspace(world.ports, world.person, workspace_id, RESTART)
    cluster.settle()
    page = list_events(world.ports, world.person, workspace_id, cursor=None, limit=20)
    kinds = {event.kind for event in page.events}
    assert "desired-restarted" in kinds
    assert "desired-restored" not in kinds
    last = audit.load_last(world.ports.store, world.organisation.id, workspace_id)
    assert last is not None
    assert (last.action, last.generation) == ("workspaces:restarted", 3)


def test_an_idle_question_costs_one_read(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """With nothing under way a partial reads the agent's item alone and writes nothing."""
    cluster.settle()
    for _ in range(20):
        world.clock.advance(1)
        world.store.reset()
        answer = cluster.poll()
        assert (world.store.reads, world.store.writes) == (1, 0)
        assert answer.orders == ()
        assert answer.next_poll_ms == world.ports.site.idle_poll_ms


def test_an_idle_agent_is_noted_once_a_minute(world: World, cluster: PaperCluster) -> None:
    """Ten minutes of idle questions each 10 s cost at most ten writes, and the agent stays online."""
    cluster.settle()
    world.store.reset()
    for _ in range(60):
        world.clock.advance(10)
        cluster.poll()
    assert world.store.writes <= 10
    assert world.agent().heard_at == pytest.approx(world.clock.now(), abs=60)


def test_an_agent_that_is_away_is_told_beside_the_state(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """After three missed intervals the agent is shown as offline and the state is what it was."""
    cluster.settle()
    assert show(world, workspace_id).agent_online
    world.clock.advance(60 + 30 + 1)
    assert not show(world, workspace_id).agent_online
    assert shown(world, workspace_id) == ("Running", "Running")


def test_a_lost_answer_is_sent_again(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """However many answers are lost, the order comes until the cluster has it, and is applied once."""
    for _ in range(5):
        (order,) = cluster.poll(hears=False).orders
        assert isinstance(order, ApplyOrder)
    cluster.settle()
    assert shown(world, workspace_id) == ("Running", "Running")
    assert cluster.applied == {(workspace_id, 1): 1}


def test_a_doubled_request_changes_nothing_more(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """The same request twice leaves the same state, the second time without a write."""
    cluster.poll()
    request = cluster.request()
    first = cluster.ask(request)
    before = show(world, workspace_id).state
    world.store.reset()
    second = cluster.ask(request)
    assert show(world, workspace_id).state == before
    assert world.store.writes == 0
    assert second.receipts == first.receipts


def test_a_replayed_or_older_report_changes_nothing(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A report kept from before a stop is answered as stale and the stop stays seen."""
    cluster.settle()
    replay = cluster.request(reports=cluster.reports())
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    cluster.settle()
    before = show(world, workspace_id).state
    answer = cluster.ask(replay)
    assert [receipt.outcome for receipt in answer.receipts] == ["stale"]
    assert show(world, workspace_id).state == before
    assert before.actual is ActualState.STOPPED


def test_an_older_epoch_is_fenced_and_stores_nothing(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Once a newer holder of the Lease was heard, the older one is refused and changes nothing."""
    cluster.poll()
    old = cluster.request()
    cluster.epoch = 2
    cluster.poll()
    before = show(world, workspace_id).state
    with pytest.raises(Clash) as refused:
        cluster.ask(old)
    assert refused.value.code == "fenced"
    assert show(world, workspace_id).state == before
    assert world.agent().epoch == 2


def test_one_poisoned_report_holds_up_no_other(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A report whose row cannot be read gets no receipt; the next one is stored all the same."""
    other = create(world, "other")
    cluster.poll()
    key = keys.state(world.organisation.id, world.agent_id, workspace_id)
    world.store.write(Update(key, set={"actual": "Bewitched"}))
    request = cluster.request()
    reports = sorted(request.reports, key=lambda report: report.workspace_id != workspace_id)
    answer = cluster.ask(request.model_copy(update={"reports": tuple(reports)}))
    assert [receipt.workspace_id for receipt in answer.receipts] == [other]
    assert shown(world, other)[1] == "Running"


def test_a_wish_under_way_hurries_the_agent_and_an_old_one_does_not(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """The agent is asked back after 1 s while a fresh wish is under way, later at its own pace."""
    assert cluster.poll(hears=False).next_poll_ms == 1_000
    world.clock.advance(601)
    answer = cluster.poll(hears=False)
    assert answer.next_poll_ms == world.ports.site.idle_poll_ms
    assert len(answer.orders) == 1


def test_terminations_come_first_and_then_the_oldest_wish(
    world: World, cluster: PaperCluster
) -> None:
    """Orders are sorted: what is to end, then what was wished first."""
    first = create(world, "first")
    world.clock.advance(1)
    second = create(world, "second")
    world.clock.advance(1)
    ends = create(world, "third")
    terminate_workspace(world.ports, world.person, ends)
    answer = cluster.poll()
    assert [order.workspace_id for order in answer.orders] == [ends, first, second]
    assert isinstance(answer.orders[0], TerminateOrder)


def test_a_liar_cannot_end_what_is_wanted(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A claimed termination of a wanted workspace is an error, and the workspace is sent again."""
    cluster.settle()
    (report,) = cluster.reports()
    lie = report.model_copy(
        update={
            "namespace": "Absent",
            "deployment": None,
            "pods": 0,
            "tombstone": 1,
            "resource_version": 99,
        }
    )
    request = cluster.request(reports=[lie])
    answer = cluster.ask(request)
    assert shown(world, workspace_id) == ("Running", "Error")
    assert [type(order) for order in answer.orders] == [ApplyOrder]
    assert [receipt.outcome for receipt in answer.receipts] == ["stored"]


def test_what_lives_on_after_its_termination_is_removed_again(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A terminated workspace that the cluster shows again is ordered away and stays terminated."""
    cluster.settle()
    risen = cluster.live[workspace_id]
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.settle()
    cluster.version += 1
    answer = cluster.ask(cluster.request(reports=[report_of(workspace_id, risen)]))
    (order,) = answer.orders
    assert order == TerminateOrder(workspace_id=workspace_id, generation=2)
    assert shown(world, workspace_id) == ("Terminated", "Terminated")


def test_a_cursor_that_was_not_made_for_this_agent_is_refused(
    world: World, cluster: PaperCluster
) -> None:
    """An invented cursor is an error in words, not an answer from somewhere else."""
    with pytest.raises(Invalid) as refused:
        cluster.ask(cluster.request(cursor="AAAA"))
    assert refused.value.code == "cursor-refused"
