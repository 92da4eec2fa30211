import pytest

from chalicelib.domain.errors import Invalid
from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.store import Update, Value
from chalicelib.records import keys
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.wire.reconcile import ApplyOrder
from tests.builders import PaperCluster, World, create, state_of


def test_a_full_answer_after_all_settled_sends_nothing(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A full sync of what is as it should be has receipts and no orders."""
    cluster.settle()
    answer = cluster.poll("full")
    assert answer.orders == ()
    assert len(answer.receipts) == 1
    assert answer.intent == world.agent().intent


def test_guard_rails_follow_the_platform_by_a_full_answer(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A changed setting of the organisation reaches a running workspace without a new generation."""
    cluster.settle()
    hosts: list[Value] = [{"host": "git.example.com", "port": 443, "addresses": ["10.9.8.0/24"]}]
    key = keys.organisation(world.organisation.id)
    world.store.write(Update(key, set={"settings": {"git_hosts": hosts}}))
    (order,) = cluster.poll("full").orders
    assert isinstance(order, ApplyOrder)
    assert order.generation == 1
    assert order.secrets is None
    cluster.poll()
    assert cluster.poll("full").orders == ()


def test_what_a_full_sync_misses_is_unknown_and_sent_again(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A workspace that vanished from the cluster comes back whole; its wish never changed."""
    cluster.settle()
    del cluster.live[workspace_id]
    answer = cluster.poll("full")
    assert state_of(world, workspace_id).actual is ActualState.UNKNOWN
    (order,) = answer.orders
    assert isinstance(order, ApplyOrder)
    assert order.secrets
    cluster.settle()
    assert state_of(world, workspace_id).actual is ActualState.RUNNING


def test_a_late_copy_of_a_full_sync_is_put_right_by_the_next_question(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A full sync from before the workspace lived is carried out again when nobody hears its answer:
    what it hid is ordered with the next question, however idle that is."""
    early = cluster.request("full", reports=[])
    cluster.settle()
    cluster.ask(early)
    assert state_of(world, workspace_id).actual is ActualState.UNKNOWN
    assert [order.workspace_id for order in cluster.poll().orders] == [workspace_id]


def test_a_transfer_marks_absences_only_when_all_of_its_pages_came(roomy: World) -> None:
    """A full sync in pages marks nothing until the last page, and nothing if a page is missing."""
    cluster = PaperCluster(roomy)
    ids = [create(roomy, f"w{n}") for n in range(4)]
    cluster.settle()
    reports = {report.workspace_id: report for report in cluster.reports()}

    def page(number: int, named: list[str], *, last: bool, sync: str) -> None:
        whole = {"id": sync, "page": number, "last": last}
        chosen = [reports[each] for each in named]
        cluster.ask(cluster.request("full", full_sync=whole, reports=chosen))

    page(1, ids[2:3], last=True, sync="a")
    assert {state_of(roomy, each).actual for each in ids} == {ActualState.RUNNING}
    page(0, ids[:2], last=False, sync="b")
    assert {state_of(roomy, each).actual for each in ids} == {ActualState.RUNNING}
    page(1, ids[2:3], last=True, sync="b")
    assert [state_of(roomy, each).actual for each in ids] == [ActualState.RUNNING] * 3 + [
        ActualState.UNKNOWN
    ]


def test_absence_deletes_nothing_of_a_workspace_that_is_to_end(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A full sync that names nothing leaves a termination unconfirmed until its tombstone is seen."""
    cluster.settle()
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.live.clear()
    cluster.poll("full", hears=False)
    assert state_of(world, workspace_id).actual is not ActualState.TERMINATED
    cluster.settle()
    assert state_of(world, workspace_id).actual is ActualState.TERMINATED


def test_two_thousand_values_cost_at_most_a_hundred_openings_and_then_none(roomy: World) -> None:
    """100 workspaces of 20 values: one data key each and few reads in a cold full answer, none once reported."""
    values = [Variable(f"V{n}", VariableKind.ENVIRONMENT, f"value-{n}" * 20) for n in range(20)]
    ids = [create(roomy, f"w{n}", *values) for n in range(100)]
    assert roomy.keys.made == 100
    cluster = PaperCluster(roomy)
    request = cluster.request("full")
    received: list[str] = []
    roomy.store.reset()
    while True:
        answer = cluster.ask(request)
        cluster.obey(answer)
        received += [order.workspace_id for order in answer.orders]
        if not answer.more:
            break
        request = cluster.request("full", reports=[], cursor=answer.cursor)
    assert sorted(received) == sorted(ids)
    assert roomy.keys.opened <= 100
    assert roomy.store.reads <= 12
    cluster.settle()
    opened = roomy.keys.opened
    cluster.poll("full")
    for each in ids[:10]:
        change_workspace(roomy.ports, roomy.person, each, DesiredState.STOPPED)
    cluster.settle()
    assert roomy.keys.opened == opened


def test_an_answer_keeps_to_its_bytes_and_goes_on_by_cursor(roomy: World) -> None:
    """Large workspaces are split over answers of at most 3 MiB, each sent and opened exactly once."""
    big = [Variable(f"F{n}", VariableKind.FILE, "x" * 128 * 1024) for n in range(4)]
    ids = [create(roomy, f"w{n}", *big) for n in range(9)]
    cluster = PaperCluster(roomy)
    received: list[str] = []
    cursor: str | None = None
    for _ in range(9):
        answer = cluster.ask(cluster.request(cursor=cursor))
        assert len(answer.model_dump_json()) < 3.1 * 1024 * 1024
        received += [order.workspace_id for order in answer.orders]
        cursor = answer.cursor
        if not answer.more:
            break
    assert sorted(received) == sorted(ids)
    assert len(received) == len(set(received))
    assert roomy.keys.opened == len(ids)


def test_an_answer_ends_in_time_and_goes_on_by_cursor(roomy: World) -> None:
    """With no time left an answer still takes one workspace, says more, and all are reached."""
    ids = [create(roomy, f"w{n}") for n in range(5)]
    cluster = PaperCluster(roomy)
    received: list[str] = []
    cursor: str | None = None
    for asked in range(1, 6):
        answer = cluster.ask(cluster.request(cursor=cursor), remaining=1.0)
        received += [order.workspace_id for order in answer.orders]
        assert answer.more is (asked < 5)
        cursor = answer.cursor
    assert sorted(received) == sorted(ids)


def test_another_agents_cursor_is_refused(roomy: World) -> None:
    """A cursor is good for the holder of the Lease that it was made for, and for nobody else."""
    for n in range(2):
        create(roomy, f"w{n}")
    cluster = PaperCluster(roomy)
    cursor = cluster.ask(cluster.request(), remaining=1.0).cursor
    assert cursor is not None
    cluster.epoch = 2
    with pytest.raises(Invalid):
        cluster.ask(cluster.request(cursor=cursor))


def test_a_full_answer_goes_on_as_one_whatever_the_agent_says_meanwhile(roomy: World) -> None:
    """The cursor knows what kind of answer it belongs to: drift is found on every page of it."""
    ids = [create(roomy, f"w{n}") for n in range(4)]
    cluster = PaperCluster(roomy)
    cluster.settle()
    hosts: list[Value] = [{"host": "git.example.com", "port": 443, "addresses": ["10.9.8.0/24"]}]
    key = keys.organisation(roomy.organisation.id)
    roomy.store.write(Update(key, set={"settings": {"git_hosts": hosts}}))
    answer = cluster.ask(cluster.request("full"), remaining=6.0)
    assert len(answer.orders) == 4
    received: list[str] = []
    request = cluster.request("full", reports=[], full_sync=None)
    for _ in ids:
        answer = cluster.ask(request, remaining=1.0)
        received += [order.workspace_id for order in answer.orders]
        request = cluster.request(reports=[], cursor=answer.cursor)
    assert not answer.more
    assert sorted(received) == sorted(ids)
