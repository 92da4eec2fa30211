"""How much is done at once, and how soon an agent asks again."""

import logging

import pytest

from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.store import Item, Key, StoreBusy
from chalicelib.usecases.agents.orders import Written
from chalicelib.usecases.agents.restore import begin_after_restore
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.wire.reconcile import DeploymentFacts, TerminateOrder
from tests.builders import PaperCluster, World, create, state_of

LEFT = DeploymentFacts(generation=1, replicas=0)


@pytest.mark.parametrize("age, pause", [(599.5, 1_000), (600.0, None)])
def test_a_wish_hurries_its_agent_for_ten_minutes(
    world: World, cluster: PaperCluster, workspace_id: str, age: float, pause: int | None
) -> None:
    """While a wish is younger than ten minutes the agent asks each second, and then as when idle."""
    world.clock.advance(age)
    answer = cluster.poll(hears=False)
    assert answer.orders
    assert answer.next_poll_ms == (pause or world.ports.site.idle_poll_ms)


def test_pages_of_a_transfer_follow_each_other_each_second(
    world: World, cluster: PaperCluster
) -> None:
    """An agent is asked for the next page of its full transfer within a second."""
    page = cluster.request("full", full_sync={"id": "a", "page": 0, "last": False})
    assert cluster.ask(page).next_poll_ms == 1_000


def test_an_agent_that_owes_a_report_gives_it_within_ten_seconds(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """After a restore a question that is no full transfer is answered with ten seconds until one."""
    cluster.settle()
    assert list(begin_after_restore(world.ports))
    cluster.poll()
    assert cluster.poll().full_sync_ms == 10_000


def test_orders_are_read_for_fifty_workspaces_at_once(roomy: World) -> None:
    """Fifty workspaces cost as many questions to the store as two, and one more costs others."""

    def reads(count: int) -> int:
        cluster = PaperCluster(roomy)
        while len(created) < count:
            created.append(create(roomy, f"w{len(created)}"))
        roomy.store.reset()
        assert len(cluster.ask(cluster.request()).orders) == count
        return roomy.store.reads

    created: list[str] = []
    assert reads(2) == reads(50) < reads(51)


def test_reports_are_stored_thirty_two_at_once(roomy: World) -> None:
    """Two reports are one write, thirty-two are, and one more is another."""

    def writes(count: int) -> int:
        for number in range(count):
            create(roomy, f"{count}-{number}")
        cluster = PaperCluster(roomy)
        cluster.obey(cluster.ask(cluster.request()))
        reports = cluster.reports()[-count:]
        roomy.store.reset()
        assert len(cluster.ask(cluster.request(reports=reports)).receipts) == count
        return roomy.store.writes

    assert (writes(2), writes(32), writes(33)) == (1, 1, 2)


@pytest.mark.parametrize("races, is_stored", [(2, True), (3, False)])
def test_a_report_is_tried_three_times(
    world: World, cluster: PaperCluster, workspace_id: str, races: int, is_stored: bool
) -> None:
    """A report that loses two races is stored; one that loses a third comes again, and then is."""
    cluster.poll()
    left = iter([DesiredState.STOPPED, DesiredState.RUNNING, DesiredState.STOPPED][:races])

    def wishes() -> None:
        desired = next(left, None)
        if desired is not None:
            change_workspace(world.ports, world.person, workspace_id, desired)
            world.store.meanwhile = wishes

    world.store.meanwhile = wishes
    assert bool(cluster.poll().receipts) is is_stored
    world.store.meanwhile = None
    assert cluster.poll().receipts
    state = state_of(world, workspace_id)
    assert state.actual is not ActualState.CREATION_REQUESTED


def test_a_busy_store_is_no_fault(
    world: World,
    cluster: PaperCluster,
    workspace_id: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """While the store is busy a report gets no receipt, comes again, and nothing is logged as an error."""
    cluster.poll()
    world.store.reset()
    world.store.die_at, world.store.dies_of = 0, StoreBusy
    assert cluster.poll().receipts == ()
    assert cluster.poll().receipts
    assert [each for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("left", [{"pods": 1}, {"namespace": "Active"}, {"deployment": LEFT}])
def test_an_end_waits_for_the_last_of_its_objects(
    world: World, cluster: PaperCluster, workspace_id: str, left: dict[str, object]
) -> None:
    """A tombstone confirms no termination while a pod, the Deployment or the namespace is there."""
    cluster.settle()
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.poll()
    (told,) = cluster.reports()
    cluster.ask(cluster.request(reports=[told.model_copy(update=left)]))
    state = state_of(world, workspace_id)
    assert state.actual is ActualState.TERMINATING
    cluster.settle()
    state = state_of(world, workspace_id)
    assert state.actual is ActualState.TERMINATED


FIRST = TerminateOrder(workspace_id="ws-000000000001", generation=2)
SIZE = len(FIRST.model_dump_json())


def chunks_of(size: int) -> list[Item]:
    """Sealed variables of so many bytes."""
    return [Item(Key("p", "s"), {"content": b"x" * size})]


def test_a_first_order_is_always_taken() -> None:
    """However little an answer may have, it has one order, and a second only where it fits to the byte."""
    written = Written(most=1)
    assert written.has_room_for(chunks_of(1_000_000))
    assert written.takes(FIRST)
    assert not written.takes(FIRST)
    assert written.orders == [FIRST]
    exact, short = Written(most=2 * SIZE), Written(most=2 * SIZE - 1)
    assert [exact.takes(FIRST), exact.takes(FIRST)] == [True, True]
    assert [short.takes(FIRST), short.takes(FIRST)] == [True, False]


def test_variables_are_opened_only_where_they_have_room() -> None:
    """After a first order others are tried while their values in base64 and 32 KiB of manifests fit."""
    needed = SIZE + 400 + 32 * 1024
    exact, short = Written(most=needed), Written(most=needed - 1)
    assert exact.takes(FIRST)
    assert short.takes(FIRST)
    assert exact.has_room_for(chunks_of(300))
    assert not short.has_room_for(chunks_of(300))
    assert short.has_room_for([])
