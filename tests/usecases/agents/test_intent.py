"""An agent at rest hears of what is wanted at its next question; one that could not be told all is not at rest."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle
from typing import Any

from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.keys import Context, KeyServiceBusy
from chalicelib.ports.store import Page
from chalicelib.records import keys
from chalicelib.usecases.workspaces.change import change_workspace
from chalicelib.wire.reconcile import ApplyOrder
from tests.builders import PaperCluster, World, create, state_of
from tests.doubles import CountedChance, CountingKeys, WatchedStore

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED


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
    change_workspace(world.ports, world.person, workspace_id, STOPPED)
    (order,) = cluster.poll().orders
    assert (order.workspace_id, order.generation) == (workspace_id, 2)


class BusyKeys(CountingKeys):
    """A key service that throttles as long as it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.busy = True

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        if self.busy:
            raise KeyServiceBusy
        return super().open_data_key(wrapped, context)


def test_an_order_that_could_not_be_written_comes_with_the_next_question(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """While the key service throttles no order is written, and the agent is not sent to rest for it."""
    busy = BusyKeys()
    world.ports = replace(world.ports, sealer=AesGcmSealer(busy, CountedChance()))
    assert cluster.poll().orders == ()
    busy.busy = False
    (order,) = cluster.poll().orders
    assert isinstance(order, ApplyOrder)
    assert (order.workspace_id, order.secrets is None) == (workspace_id, False)


@dataclass
class Interrupted(WatchedStore):
    """Somebody acts just after the pending rows were read."""

    then: Callable[[], object] | None = None

    def query(self, partition: str, **how: Any) -> Page:
        """See the port."""
        page = super().query(partition, **how)
        then = self.then if how.get("prefix") == keys.PENDING else None
        if then is not None:
            self.then = None
            then()
        return page


def test_a_wish_that_an_answer_did_not_look_at_is_heard_with_the_next_question(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """An answer tells the intent that was read before its orders, never one that came meanwhile."""
    cluster.settle()

    def wish() -> None:
        change_workspace(world.ports, world.person, workspace_id, STOPPED)

    store = Interrupted(world.store, then=wish)
    world.ports = replace(world.ports, store=store)
    (report,) = cluster.reports()
    answer = cluster.ask(cluster.request(reports=[report]))
    assert store.then is None
    assert answer.orders == ()
    cluster.obey(answer)
    (order,) = cluster.poll().orders
    assert (order.workspace_id, order.generation) == (workspace_id, 2)


def test_a_report_that_loses_every_race_has_no_receipt_and_comes_again(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """What was not stored is not confirmed, however often it was tried."""
    wishes = cycle([STOPPED, RUNNING])

    def interfere() -> None:
        change_workspace(world.ports, world.person, workspace_id, next(wishes))
        world.store.meanwhile = interfere

    cluster.poll()
    world.store.meanwhile = interfere
    assert cluster.poll(hears=False).receipts == ()
    assert state_of(world, workspace_id).actual is ActualState.CREATION_REQUESTED
    world.store.meanwhile = None
    cluster.settle()
    assert state_of(world, workspace_id).actual in {ActualState.RUNNING, ActualState.STOPPED}
