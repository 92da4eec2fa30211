"""How a workspace, what happened to it and its variables are shown."""

from chalicelib.api.values import Shown, moment
from chalicelib.domain.variables.variable import VariableKind
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.records.events import Event
from chalicelib.usecases.workspaces.read import WorkspaceView


class ShownSource(Shown):
    """Where the devfile came from; all empty for inline text."""

    url: str
    ref: str
    path: str
    commit: str


class ShownReason(Shown):
    """Why a workspace is not as wished; ``retrying``: it may heal by itself."""

    code: str
    message: str
    hint: str
    retrying: bool


class ShownEndpoint(Shown):
    """A port that the proxy serves; ``url`` is empty while the agent has no zone."""

    name: str
    port: int
    exposure: str
    url: str


class ShownWorkspace(Shown):
    """A workspace. ``url`` is the editor's address; ``moving_to`` the agent that it goes to."""

    id: str
    name: str
    owner_id: str
    agent_id: str
    moving_to: str | None
    editor: str
    source: ShownSource
    desired: DesiredState
    actual: ActualState
    reason: ShownReason | None
    generation: int
    acknowledged: int
    agent_online: bool
    created_at: str
    desired_at: str
    actual_at: str
    url: str | None
    endpoints: tuple[ShownEndpoint, ...]


class ShownEvent(Shown):
    """Something that happened to a workspace; ``actor`` is a user's or an agent's id, or ``berth``."""

    id: str
    at: str
    kind: str
    text: str
    actor: str
    generation: int
    desired: str
    actual: str


class ShownVariable(Shown):
    """A variable's name and kind; its value is never given back."""

    name: str
    kind: VariableKind


def shown_workspace(view: WorkspaceView) -> ShownWorkspace:
    """Return a workspace as people see it."""
    workspace, state, reason = view.workspace, view.state, view.state.reason
    endpoints = tuple(
        ShownEndpoint(
            name=each.name,
            port=each.port,
            exposure=each.exposure,
            url=_url(view, each.port, each.path),
        )
        for each in workspace.endpoints
    )
    source = workspace.source
    return ShownWorkspace(
        id=workspace.id,
        name=workspace.name,
        owner_id=workspace.owner_id,
        agent_id=workspace.agent_id,
        moving_to=_moving_to(view),
        editor=workspace.editor,
        source=ShownSource(url=source.url, ref=source.ref, path=source.path, commit=source.commit),
        desired=state.desired,
        actual=state.actual,
        reason=None
        if reason is None
        else ShownReason(
            code=reason.code, message=reason.message, hint=reason.hint, retrying=reason.retrying
        ),
        generation=state.generation,
        acknowledged=state.acknowledged,
        agent_online=view.agent_online,
        created_at=moment(workspace.created_at),
        desired_at=moment(state.desired_at),
        actual_at=moment(state.actual_at),
        url=(endpoints[0].url or None) if endpoints else None,
        endpoints=endpoints,
    )


def _moving_to(view: WorkspaceView) -> str | None:
    is_moving = view.state.desired is DesiredState.MOVE_REQUESTED
    move = view.workspace.move
    return move.agent_id if is_moving and move is not None else None


def _url(view: WorkspaceView, port: int, path: str) -> str:
    if not view.zone:
        return ""
    return f"https://{port}-{view.workspace.id}.{view.zone}/{path.lstrip('/')}"


def shown_event(event: Event) -> ShownEvent:
    """Return an event as people see it."""
    return ShownEvent(
        id=event.id,
        at=moment(event.at),
        kind=event.kind,
        text=event.message,
        actor=event.actor,
        generation=event.generation,
        desired=event.desired,
        actual=event.actual,
    )
