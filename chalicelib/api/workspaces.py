"""What people ask of workspaces."""

from typing import Literal

from pydantic import Field

from chalicelib.api.call import Call
from chalicelib.api.shown_workspaces import (
    ShownEvent,
    ShownVariable,
    ShownWorkspace,
    shown_event,
    shown_workspace,
)
from chalicelib.api.values import Closed, Listing, Paging
from chalicelib.domain.access.roles import Person
from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.move import call_move_off, move_workspace
from chalicelib.usecases.workspaces.read import (
    Filters,
    list_events,
    list_variables,
    list_workspaces,
    show_workspace,
)
from chalicelib.usecases.workspaces.source import Repository


class NewVariable(Closed):
    """A variable, frozen for the life of the workspace."""

    name: str = Field(max_length=255)
    kind: VariableKind = VariableKind.ENVIRONMENT
    value: str = Field(repr=False)


class NewRepository(Closed):
    """A git repository with the devfile: branch, tag or commit, and path; by default the usual ones."""

    url: str = Field(max_length=2048)
    ref: str = Field(default="", max_length=255)
    path: str = Field(default="", max_length=255)


class NewWorkspace(Closed):
    """A workspace to create, from a devfile's text or from a repository."""

    name: str = Field(max_length=63)
    agent_id: str = Field(max_length=32)
    editor: str = Field(default="terminal", max_length=63)
    devfile: str | None = None
    repository: NewRepository | None = None
    variables: tuple[NewVariable, ...] = Field(default=(), max_length=200)


class WorkspaceChange(Closed):
    """What is wanted of a workspace."""

    desired: Literal[DesiredState.RUNNING, DesiredState.STOPPED, DesiredState.RESTART_REQUESTED]


class NewMove(Closed):
    """Which agent a workspace is to go to. Its volume does not go with it: whoever asks has to say that
    it may be deleted."""

    agent_id: str = Field(max_length=32)
    discard_volume: Literal[True]


class WorkspaceQuery(Paging):
    """Which workspaces; terminated ones are shown when ``actual=Terminated`` is asked for."""

    owner: str | None = Field(default=None, max_length=32)
    agent: str | None = Field(default=None, max_length=32)
    desired: DesiredState | None = None
    actual: ActualState | None = None
    repository: str | None = Field(default=None, max_length=2048)


def get_workspaces(call: Call, query: WorkspaceQuery) -> Listing[ShownWorkspace]:
    """List workspaces. A page may be short or empty; the end is where ``next`` is null."""
    filters = _filters(call.person, query)
    page = list_workspaces(call.ports, call.person, filters, cursor=query.cursor, limit=query.limit)
    return Listing[ShownWorkspace](items=tuple(map(shown_workspace, page.items)), next=page.next)


def post_workspace(call: Call, body: NewWorkspace) -> ShownWorkspace:
    """Create a workspace. It starts as soon as its agent hears of it."""
    return shown_workspace(create_workspace(call.ports, call.person, _request(body), call.attempt))


def get_workspace(call: Call, workspace_id: str) -> ShownWorkspace:
    """Show a workspace."""
    return shown_workspace(show_workspace(call.ports, call.person, workspace_id))


def patch_workspace(call: Call, workspace_id: str, body: WorkspaceChange) -> ShownWorkspace:
    """Start, stop or restart a workspace."""
    return shown_workspace(change_workspace(call.ports, call.person, workspace_id, body.desired))


def delete_workspace(call: Call, workspace_id: str) -> ShownWorkspace:
    """Terminate a workspace, its volume too. There is no way back."""
    return shown_workspace(terminate_workspace(call.ports, call.person, workspace_id))


def post_move(call: Call, workspace_id: str, body: NewMove) -> ShownWorkspace:
    """Move a workspace to another agent. Its volume is deleted; its projects are cloned again."""
    moved = move_workspace(
        call.ports, call.person, workspace_id, body.agent_id, attempt=call.attempt
    )
    return shown_workspace(moved)


def delete_move(call: Call, workspace_id: str) -> ShownWorkspace:
    """Call a move off. What its agent removed by then is made anew there, with an empty volume."""
    return shown_workspace(call_move_off(call.ports, call.person, workspace_id))


def get_events(call: Call, workspace_id: str, query: Paging) -> Listing[ShownEvent]:
    """List what happened to a workspace, newest first."""
    page = list_events(
        call.ports, call.person, workspace_id, cursor=query.cursor, limit=query.limit
    )
    return Listing[ShownEvent](items=tuple(map(shown_event, page.events)), next=page.next)


def get_variables(call: Call, workspace_id: str) -> Listing[ShownVariable]:
    """List names and kinds of a workspace's variables."""
    found = list_variables(call.ports, call.person, workspace_id)
    items = tuple(ShownVariable(name=name, kind=VariableKind(kind)) for name, kind in found)
    return Listing[ShownVariable](items=items, next=None)


def _filters(person: Person, query: WorkspaceQuery) -> Filters:
    return Filters(
        owner_id=person.id if query.owner == "me" else query.owner,
        agent_id=query.agent,
        desired=query.desired,
        actual=query.actual,
        repository=query.repository,
    )


def _request(body: NewWorkspace) -> WorkspaceRequest:
    found = body.repository
    return WorkspaceRequest(
        name=body.name,
        agent_id=body.agent_id,
        editor=body.editor,
        devfile=body.devfile,
        repository=None if found is None else Repository(found.url, found.ref, found.path),
        variables=tuple(Variable(each.name, each.kind, each.value) for each in body.variables),
    )
