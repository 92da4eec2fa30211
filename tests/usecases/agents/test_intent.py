from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.usecases.workspaces.change import change_workspace
from tests.builders import PaperCluster, World, create


def test_an_agent_at_rest_hears_of_a_creation_at_its_next_question(
    world: World, cluster: PaperCluster
) -> None:
    """An idle answer is the last before the order of a new workspace."""
    cluster.settle()
    assert cluster.poll().orders == ()
    workspace_id = create(world, "demo")
    (order,) = cluster.poll().orders
    assert order.workspace_id == workspace_id


def test_an_agent_at_rest_hears_of_a_wish_at_its_next_question(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """An idle answer is the last before the order of a new wish."""
    cluster.settle()
    assert cluster.poll().orders == ()
    change_workspace(world.ports, world.person, workspace_id, DesiredState.STOPPED)
    (order,) = cluster.poll().orders
    assert (order.workspace_id, order.generation) == (workspace_id, 2)
