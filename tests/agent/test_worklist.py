"""Which order of a workspace is carried out, where one was refused."""

from __future__ import annotations

import pytest

from berth_agent.events import Moment
from berth_agent.tasks import Apply, Failed
from berth_agent.worklist import Worklist
from chalicelib.wire.reconcile import ApplyError, ApplyOrder

A = "ws-00000000000a"
NOW = Moment(100.0, 0.5)
ERROR = ApplyError(generation=9, kind="Order", status=0, reason="RefusedByAgent", final=True)


def ordered(generation: int, *, digest: str = "d") -> ApplyOrder:
    """An order that carries nothing."""
    return ApplyOrder(
        workspace_id=A,
        generation=generation,
        spec_digest=digest,
        secrets_digest="",
        secret_names=(),
        objects=({"kind": "Namespace", "metadata": {"name": digest}},),
    )


def refusing(order: ApplyOrder, *, by_us: bool) -> Worklist:
    """A worklist whose only order has been refused."""
    work = Worklist(1)
    work.order(order)
    assert list(work.take(NOW.now)) == [(A, Apply(order))]
    work.finish(A, Failed(ERROR, by_us=by_us), NOW)
    return work


def altered(order: ApplyOrder) -> ApplyOrder:
    """The same generation and digests, with other objects."""
    return order.model_copy(update={"objects": ({"kind": "ClusterRole"},)})


@pytest.mark.parametrize(
    "refused, follows",
    [(ordered(500), ordered(2)), (altered(ordered(2)), ordered(2))],
    ids=["a generation that nobody asked for", "objects that were tampered with"],
)
def test_an_order_that_we_refused_stands_in_nobodys_way(
    refused: ApplyOrder, follows: ApplyOrder
) -> None:
    """Whatever it claimed to be, the next other order is carried out at once."""
    work = refusing(refused, by_us=True)
    work.order(follows)
    assert list(work.take(NOW.now)) == [(A, Apply(follows))]


def test_what_we_refused_is_not_taken_up_again_at_once() -> None:
    """The same order once more changes nothing: it waits for its next attempt."""
    work = refusing(ordered(2), by_us=True)
    work.order(ordered(2))
    assert list(work.take(NOW.now)) == []


def test_what_the_cluster_refused_is_replaced_by_newer_orders_alone() -> None:
    """An order that is one to obey keeps its place before an older one."""
    work = refusing(ordered(5), by_us=False)
    work.order(ordered(2, digest="older"))
    assert list(work.take(NOW.now)) == []
    work.order(ordered(6))
    assert list(work.take(NOW.now)) == [(A, Apply(ordered(6)))]
