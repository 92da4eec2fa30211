"""The one way a workspace's state changes: everything that belongs to a change, as one transaction.

The state is written only if it is still what was read. The rows that follow from it (pending, due)
are functions of the state before and after, so they can never disagree with it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.organisations.quotas import Limits
from chalicelib.domain.workspaces.states import ActualState
from chalicelib.domain.workspaces.workspace import Workspace, WorkspaceState
from chalicelib.ports.store import (
    MAX_TRANSACTION,
    Absent,
    Delete,
    Equals,
    Exists,
    Put,
    Store,
    Update,
    Write,
)
from chalicelib.records import (
    agents,
    audit,
    dues,
    events,
    keys,
    pending,
    plans,
    quotas,
    sealed,
    states,
    workspaces,
)
from chalicelib.records.audit import AuditRecord
from chalicelib.records.events import Event
from chalicelib.records.placement import Placement, placement_of


@dataclass(frozen=True, slots=True)
class Change:
    """A change of one workspace's state, with what is told of it."""

    placement: Placement
    before: WorkspaceState
    after: WorkspaceState
    events: tuple[Event, ...] = ()
    audits: tuple[AuditRecord, ...] = ()
    ended: Workspace | None = None
    """The record, where this change confirms the termination."""
    beside: tuple[Write, ...] = ()
    """What belongs to the change in rows of others."""
    is_start: bool = False
    """Whether it is asked that the workspace runs: refused while its agent is drained."""
    is_news: bool = False
    """Whether the agent has to hear of it though the wish is the same, and perhaps does not wait for
    this very answer."""


def commit(store: Store, change: Change) -> WorkspaceState:
    """Write the change and return the state as it is stored now.

    Raises ConditionFailed when the state was changed meanwhile: read it again and decide anew.
    """
    after, writes = _written(change)
    if len(writes) == 1:
        store.write(writes[0])
    else:
        store.transact(writes)
    return after


def commit_together(store: Store, changes: Sequence[Change]) -> int:
    """Write changes of different workspaces that touch no row of an agent or a quota: as many of
    the first as one transaction takes. Return how many that were.

    Raises ConditionFailed when one of their states was changed meanwhile: nothing was written.
    """
    writes: list[Write] = []
    count = 0
    for change in changes:
        more = _written(change)[1]
        if len(writes) + len(more) > MAX_TRANSACTION:
            break
        writes += more
        count += 1
    store.transact(writes)
    return count


def _written(change: Change) -> tuple[WorkspaceState, list[Write]]:
    before, placement = change.before, change.placement
    after = replace(change.after, version=before.version + 1)
    writes: list[Write] = [
        Put(states.to_item(placement, after), when=[Equals("version", before.version)])
    ]
    writes += pending.writes(placement, before, after)
    writes += dues.writes(placement, before, after)
    if change.is_start:
        writes.append(agents.starts(placement.organisation_id, placement.agent_id))
    elif after.generation > before.generation or change.is_news:
        writes.append(raise_intent(placement))
    writes += [*change.beside, *_told(placement.organisation_id, after.workspace_id, change)]
    if change.ended is not None and after.actual is ActualState.TERMINATED:
        writes += _released(change.ended, states.expires(after))
    return after, writes


def hand_over(store: Store, change: Change, workspace: Workspace) -> None:
    """Write a change that takes the state of a workspace from its placement to that of its record.

    Raises ConditionFailed when the state, or something beside it, was changed meanwhile.
    """
    before, was, place = change.before, change.placement, placement_of(workspace)
    org, workspace_id = was.organisation_id, before.workspace_id
    after = replace(change.after, version=before.version + 1)
    key = keys.state(org, was.agent_id, workspace_id)
    store.transact(
        [
            Delete(key, when=[Equals("version", before.version)]),
            Delete(keys.pending(org, was.agent_id, workspace_id)),
            *dues.forget(was, before),
            workspaces.put_moved(workspace),
            Put(states.to_item(place, after), when=[Absent()]),
            *pending.writes(place, None, after),
            *dues.writes(place, None, after),
            *change.beside,
            *_told(org, workspace_id, change),
        ]
    )


def of_new(workspace: Workspace, state: WorkspaceState, limits: Limits) -> list[Write]:
    """Return the writes that make a workspace, but for its plan, variables and what is told.

    The counters come first: the key of a failed condition tells which quota is used up.
    """
    placement = placement_of(workspace)
    return [
        *quotas.taken(workspace, limits),
        agents.admits(placement.organisation_id, placement.agent_id),
        workspaces.put_new(workspace),
        Put(states.to_item(placement, state), when=[Absent()]),
        *pending.writes(placement, None, state),
        *dues.writes(placement, None, state),
    ]


def raise_intent(placement: Placement) -> Update:
    """Let the agent's next question be answered from the store, not by the idle path."""
    key = keys.agent(placement.organisation_id, placement.agent_id)
    return Update(key, add={"intent": 1}, when=[Exists()])


def erased(workspace: Workspace, state: WorkspaceState) -> list[Write]:
    """Return the writes that forget a workspace whose agent is gone for good."""
    placement = placement_of(workspace)
    org, agent_id = placement.organisation_id, placement.agent_id
    key = keys.state(org, agent_id, workspace.id)
    writes: list[Write] = [
        Delete(key, when=[Equals("version", state.version)]),
        Delete(keys.pending(org, agent_id, workspace.id)),
        Delete(keys.workspace(org, workspace.id)),
    ]
    writes += dues.forget(placement, state)
    if state.actual is not ActualState.TERMINATED:
        writes += quotas.freed(workspace)
    return writes + _contents(workspace)


def _told(organisation_id: str, workspace_id: str, change: Change) -> list[Put]:
    told = [events.put_new(organisation_id, workspace_id, event) for event in change.events]
    return told + [write for record in change.audits for write in audit.append(record)]


def _released(workspace: Workspace, expires: int | None) -> list[Write]:
    kept = (
        workspaces.put_new(workspace)
        if expires is None
        else workspaces.put_expiring(workspace, expires)
    )
    return [kept, *quotas.freed(workspace), *_contents(workspace)]


def _contents(workspace: Workspace) -> list[Write]:
    org = workspace.organisation_id
    return [plans.forget(org, workspace.id), *sealed.forget(org, workspace.id)]
