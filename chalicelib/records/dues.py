"""Rows that say when the sweep has to look at a workspace. Ids only: they are hints, the state decides."""

from dataclasses import dataclass

from chalicelib.domain.workspaces.states import ActualState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import Delete, Item, Key, Put, Store, Write
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds
from chalicelib.records.placement import Placement


@dataclass(frozen=True, slots=True)
class Due:
    """A hint to look at a workspace at ``at``. ``place`` goes on behind it."""

    placement: Placement
    workspace_id: str
    at: float
    place: str


@dataclass(frozen=True, slots=True)
class DuePage:
    """Hints in order of time; ``next`` goes on."""

    dues: tuple[Due, ...]
    next: str | None


def load_page(store: Store, *, now: float, after: str | None, limit: int) -> DuePage:
    """Return a page of the hints that are due; ``next`` is None at the first that is not."""
    page = store.query(keys.DUES, after=after, limit=limit)
    found = tuple(_from_sort(item.key.sort) for item in page.items)
    ripe = tuple(due for due in found if due.at <= now)
    return DuePage(ripe, page.next if len(ripe) == len(found) else None)


def writes(
    placement: Placement, before: WorkspaceState | None, after: WorkspaceState
) -> list[Write]:
    """Return what makes the row follow a change of the state; none is left of a terminated one."""
    was = None if before is None else _key(placement, before)
    is_now = None if after.actual is ActualState.TERMINATED else _key(placement, after)
    if was == is_now:
        return []
    moved: list[Write] = [] if was is None else [Delete(was)]
    return moved if is_now is None else [*moved, Put(Item(is_now, {"v": SCHEMA}))]


def forget(placement: Placement, state: WorkspaceState) -> list[Delete]:
    """Remove the row of a state."""
    key = _key(placement, state)
    return [] if key is None else [Delete(key)]


def drop(due: Due) -> Delete:
    """Remove a row that no state speaks of."""
    return Delete(Key(keys.DUES, due.place))


def is_of(due: Due, state: WorkspaceState) -> bool:
    """Whether the row is the one that the state speaks of."""
    return state.look_at is not None and milliseconds(state.look_at) == milliseconds(due.at)


def _key(placement: Placement, state: WorkspaceState) -> Key | None:
    if state.look_at is None:
        return None
    return keys.due(
        state.look_at, placement.organisation_id, placement.agent_id, state.workspace_id
    )


def _from_sort(sort: str) -> Due:
    at, organisation_id, agent_id, workspace_id = keys.due_parts(sort)
    return Due(Placement(organisation_id, agent_id), workspace_id, at, sort)
