from chalicelib.domain.workspaces.states import ActualState
from chalicelib.ports.store import Delete
from chalicelib.records import keys
from chalicelib.usecases.workspaces.read import show_workspace
from chalicelib.wire.reconcile import FullSync, Receipt, TerminateOrder
from tests.builders import PaperCluster, World, add_agent, create

DAY = 24 * 3600


def forget(world: World, workspace_id: str) -> None:
    """Delete the record and the state, as a restore or a bug might."""
    org, agent_id = world.organisation.id, world.agent_id
    world.store.write(Delete(keys.workspace(org, workspace_id)))
    world.store.write(Delete(keys.state(org, agent_id, workspace_id)))
    world.store.write(Delete(keys.pending(org, agent_id, workspace_id)))


def test_what_nobody_owns_is_removed_after_the_grace(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """First it is unknown, a day later it is ordered away with an audit record, then it is collected."""
    cluster.settle()
    forget(world, workspace_id)
    answer = cluster.poll("full")
    assert [receipt.outcome for receipt in answer.receipts] == ["unknown"]
    assert answer.orders == ()
    world.clock.advance(DAY - 1)
    assert cluster.poll("full").orders == ()
    world.clock.advance(1)
    (order,) = cluster.poll("full", hears=False).orders
    assert order == TerminateOrder(workspace_id=workspace_id, generation=2)
    assert cluster.poll("full").orders == (order,)
    cluster.poll()
    assert (cluster.live, cluster.tombstones) == ({}, {})
    items = world.store.query(keys.of_audit(world.organisation.id)).items
    assert [i.attributes["action"] for i in items].count("workspaces:remove-orphan") == 1
    assert world.store.query(keys.of_agent(world.organisation.id, world.agent_id)).items == ()


def test_a_workspace_of_another_agent_is_unknown_and_never_removed(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Reporting another agent's workspace changes nothing of it, ever, and is answered as unknown."""
    cluster.settle()
    before = show_workspace(world.ports, world.person, workspace_id).state
    (stolen,) = cluster.reports()
    world.agent_id = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    thief = PaperCluster(world)
    for _ in range(3):
        answer = thief.ask(thief.request("full", reports=[stolen]))
        assert answer.receipts == (
            Receipt(
                workspace_id=workspace_id,
                resource_version=stolen.resource_version,
                outcome="unknown",
            ),
        )
        assert answer.orders == ()
        world.clock.advance(2 * DAY)
    assert show_workspace(world.ports, world.person, workspace_id).state == before
    assert before.actual is ActualState.RUNNING


def test_a_forged_id_is_answered_like_a_foreign_one(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """An id that never was and another agent's id get the same word."""
    cluster.settle()
    (report,) = cluster.reports()
    world.agent_id = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    thief = PaperCluster(world)
    forged = report.model_copy(update={"workspace_id": "ws-zzzzzzzzzzzz"})
    answer = thief.ask(thief.request(reports=[report, forged]))
    assert {receipt.outcome for receipt in answer.receipts} == {"unknown"}


def test_an_agent_hears_only_of_its_own(world: World, workspace_id: str) -> None:
    """Another agent of the same organisation gets no order and no value of the workspace."""
    world.agent_id = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    own = create(world, "other")
    answer = PaperCluster(world).poll("full")
    assert [order.workspace_id for order in answer.orders] == [own]
    assert workspace_id not in answer.model_dump_json()


def test_an_orphan_on_any_page_of_a_full_transfer_is_removed(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """The order to remove it comes with the answer to the page that names it, the last or not."""
    cluster.settle()
    forget(world, workspace_id)
    cluster.poll("full")
    world.clock.advance(DAY)
    page = FullSync(id="transfer", page=0, last=False)
    request = cluster.request("full", reports=cluster.reports(), full_sync=page)
    (order,) = cluster.ask(request).orders
    assert order == TerminateOrder(workspace_id=workspace_id, generation=2)
