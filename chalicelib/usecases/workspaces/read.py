"""Reading workspaces: one, a page of many, what happened to one, and its variables' names."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from chalicelib.domain.access.roles import Action, Person, may
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.agents.presence import is_online
from chalicelib.domain.errors import Forbidden, Missing
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import Workspace, WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.records import agents, events, states, workspaces
from chalicelib.records.cursors import read_cursor, write_cursor
from chalicelib.records.events import EventPage
from chalicelib.records.placement import placement_of
from chalicelib.usecases.access.permission import require

_LOOKS = 3
_SCANNED = 1_000
"""How many workspaces are looked at for one page before it is sent as it is."""


@dataclass(frozen=True, slots=True)
class WorkspaceView:
    """A workspace as it is shown. ``zone`` is its agent's; states are never made up: an agent that
    is away is told beside them."""

    workspace: Workspace
    state: WorkspaceState
    agent_online: bool
    zone: str


@dataclass(frozen=True, slots=True)
class ViewPage:
    """Workspaces in order of id; ``next`` is a cursor."""

    items: tuple[WorkspaceView, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to; None: no matter. Terminated workspaces are shown when asked for."""

    owner_id: str | None = None
    agent_id: str | None = None
    desired: DesiredState | None = None
    actual: ActualState | None = None
    repository: str | None = None


def show_workspace(ports: Ports, person: Person, workspace_id: str) -> WorkspaceView:
    """Return one workspace. Raises Missing for an absent one and for another's alike."""
    workspace, state = find_workspace(ports, person, Action.WORKSPACES_READ, workspace_id)
    return view(ports, workspace, state)


def view(ports: Ports, workspace: Workspace, state: WorkspaceState) -> WorkspaceView:
    """Return the workspace as it is shown."""
    agent = agents.load(ports.store, workspace.organisation_id, workspace.agent_id)
    return view_under(ports, workspace, state, agent)


def view_under(
    ports: Ports, workspace: Workspace, state: WorkspaceState, agent: Agent | None
) -> WorkspaceView:
    """Return the workspace as it is shown, where its agent was read already."""
    interval = ports.site.longest_poll_ms
    online = agent is not None and is_online(agent, ports.clock.now(), interval)
    return WorkspaceView(workspace, state, online, "" if agent is None else agent.settings.zone)


def find_workspace(
    ports: Ports, person: Person, action: Action, workspace_id: str
) -> tuple[Workspace, WorkspaceState]:
    """Return a workspace with which the person may do this. Raises Missing or Forbidden."""
    found = _located(ports, person.organisation_id, workspace_id)
    if found is None or not may(person, Action.WORKSPACES_READ, owner_id=found[0].owner_id):
        raise _missing()
    if not may(person, action, owner_id=found[0].owner_id):
        raise Forbidden("not-allowed", f"You may see this workspace, not more ({action.value}).")
    return found


def _located(
    ports: Ports, organisation_id: str, workspace_id: str
) -> tuple[Workspace, WorkspaceState] | None:
    """Return record and state, which are two reads: a workspace may move between them."""
    for _ in range(_LOOKS):
        workspace = workspaces.load(ports.store, organisation_id, workspace_id)
        if workspace is None:
            return None
        state = states.load(ports.store, placement_of(workspace), workspace_id)
        if state is not None:
            return workspace, state
    return None


def list_workspaces(
    ports: Ports, person: Person, filters: Filters, *, cursor: str | None, limit: int
) -> ViewPage:
    """Return a page of the workspaces that the person may see. It may be shorter than ``limit``:
    only a ``next`` of None is the end."""
    require(person, Action.WORKSPACES_READ)
    audience = f"workspaces:{person.organisation_id}:{person.id}"
    after = None if cursor is None else str(read_cursor(ports.signer, audience, cursor)[0])
    scanned = 0
    known: dict[str, Agent | None] = {}
    while True:
        page = workspaces.load_page(ports.store, person.organisation_id, after=after, limit=limit)
        seen = _seen(page.workspaces, person, filters)
        found = tuple(_views(ports, seen, filters, known))
        scanned += len(page.workspaces)
        after = page.next
        if found or after is None or scanned >= _SCANNED:
            break
    going_on = None if after is None else write_cursor(ports.signer, audience, [after])
    return ViewPage(found, going_on)


def list_events(
    ports: Ports, person: Person, workspace_id: str, *, cursor: str | None, limit: int
) -> EventPage:
    """Return a page of what happened to a workspace, newest first; ``next`` is a cursor."""
    find_workspace(ports, person, Action.WORKSPACES_READ, workspace_id)
    audience = f"events:{person.organisation_id}:{workspace_id}"
    after = None if cursor is None else str(read_cursor(ports.signer, audience, cursor)[0])
    owned = (person.organisation_id, workspace_id)
    page = events.load_page(ports.store, owned, after=after, limit=limit)
    going_on = None if page.next is None else write_cursor(ports.signer, audience, [page.next])
    return EventPage(page.events, going_on)


def list_variables(ports: Ports, person: Person, workspace_id: str) -> tuple[tuple[str, str], ...]:
    """Return names and kinds of a workspace's variables; values are never given back."""
    workspace, _ = find_workspace(ports, person, Action.WORKSPACES_READ, workspace_id)
    return workspace.variables


def _seen(page: Sequence[Workspace], person: Person, filters: Filters) -> list[Workspace]:
    return [
        each
        for each in page
        if may(person, Action.WORKSPACES_READ, owner_id=each.owner_id)
        and filters.owner_id in (None, each.owner_id)
        and filters.agent_id in (None, each.agent_id)
        and filters.repository in (None, each.source.url)
    ]


def _views(
    ports: Ports, chosen: Sequence[Workspace], filters: Filters, known: dict[str, Agent | None]
) -> Iterator[WorkspaceView]:
    found = states.load_many(ports.store, [(placement_of(each), each.id) for each in chosen])
    for each in chosen:
        located = (
            (each, found[each.id])
            if each.id in found
            else _located(ports, each.organisation_id, each.id)
        )
        if located is None or not _is_wanted(located[1], filters):
            continue
        workspace, state = located
        if workspace.agent_id not in known:
            known[workspace.agent_id] = agents.load(
                ports.store, workspace.organisation_id, workspace.agent_id
            )
        yield view_under(ports, workspace, state, known[workspace.agent_id])


def _is_wanted(state: WorkspaceState, filters: Filters) -> bool:
    if filters.desired not in (None, state.desired):
        return False
    if filters.actual is None:
        return state.actual is not ActualState.TERMINATED
    return filters.actual is state.actual


def _missing() -> Missing:
    return Missing("no-such-workspace", "There is no such workspace.")
