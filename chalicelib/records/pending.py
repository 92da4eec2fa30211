"""A sparse row for each workspace that its agent has to hear of, or that news are expected of.

It is a function of the state and written in the state's own transaction, so one query tells what is
to be done without reading the states of all workspaces.
"""

from dataclasses import dataclass

from chalicelib.domain.workspaces.decide import Order, is_under_way, order_due
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import Delete, Item, Put, Store, Value, Write
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds, moment
from chalicelib.records.placement import Placement


@dataclass(frozen=True, slots=True)
class Pending:
    """``since``: when the wish was made. ``has_order``: something is to be sent."""

    workspace_id: str
    since: float
    has_order: bool
    terminates: bool


def pending_of(state: WorkspaceState) -> Pending | None:
    """Return the row that belongs to the state; None when nothing is under way."""
    if not is_under_way(state):
        return None
    return Pending(
        workspace_id=state.workspace_id,
        since=milliseconds(state.desired_at) / 1000,
        has_order=order_due(state) is not Order.NOTHING,
        terminates=state.is_leaving,
    )


def load_all(store: Store, placement: Placement) -> list[Pending]:
    """Return all rows of an agent."""
    partition = keys.of_agent(placement.organisation_id, placement.agent_id)
    found: list[Pending] = []
    after: str | None = None
    while True:
        page = store.query(partition, prefix=keys.PENDING, after=after)
        found.extend(map(_from_item, page.items))
        if (after := page.next) is None:
            return found


def writes(
    placement: Placement, before: WorkspaceState | None, after: WorkspaceState
) -> list[Write]:
    """Return what makes the row follow a change of the state."""
    is_now = pending_of(after)
    if before is not None and pending_of(before) == is_now:
        return []
    key = keys.pending(placement.organisation_id, placement.agent_id, after.workspace_id)
    if is_now is None:
        return [Delete(key)]
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "since": milliseconds(is_now.since),
        "has_order": is_now.has_order,
        "terminates": is_now.terminates,
    }
    return [Put(Item(key, attributes))]


def _from_item(item: Item) -> Pending:
    stored = item.attributes
    return Pending(
        workspace_id=keys.last_part(item.key.sort),
        since=moment(stored, "since"),
        has_order=stored.get("has_order") is True,
        terminates=stored.get("terminates") is True,
    )
