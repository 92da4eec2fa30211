"""Workspaces that an agent reported and nobody owns, with the time they were first seen so."""

from dataclasses import dataclass

from chalicelib.ports.store import Absent, Delete, Item, Put, Store
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds, moment, number
from chalicelib.records.placement import Placement


@dataclass(frozen=True, slots=True)
class Orphan:
    """``generation`` is that of its removal, 0 while the grace lasts."""

    workspace_id: str
    since: float
    generation: int = 0


def load(store: Store, placement: Placement, workspace_id: str) -> Orphan | None:
    """Return what is remembered of the workspace."""
    item = store.get(keys.orphan(placement.organisation_id, placement.agent_id, workspace_id))
    if item is None:
        return None
    stored = item.attributes
    return Orphan(workspace_id, moment(stored, "since"), number(stored, "generation"))


def put_new(placement: Placement, orphan: Orphan) -> Put:
    """Remember a workspace that was seen for the first time without an owner."""
    return Put(_item(placement, orphan), when=[Absent()])


def put_removed(placement: Placement, orphan: Orphan) -> Put:
    """Remember that its removal was decided."""
    return Put(_item(placement, orphan))


def forget(placement: Placement, workspace_id: str) -> Delete:
    """Forget the workspace: it is gone, or owned again."""
    return Delete(keys.orphan(placement.organisation_id, placement.agent_id, workspace_id))


def _item(placement: Placement, orphan: Orphan) -> Item:
    key = keys.orphan(placement.organisation_id, placement.agent_id, orphan.workspace_id)
    return Item(
        key, {"v": SCHEMA, "since": milliseconds(orphan.since), "generation": orphan.generation}
    )
