"""Creating a workspace: from a request to one transaction. Nothing in a cluster is touched."""

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.errors import Missing, Refused, TooMany, Unavailable
from chalicelib.domain.workspaces.transitions import requested
from chalicelib.domain.workspaces.wording import CREATED
from chalicelib.domain.workspaces.workspace import Workspace, WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.sealing import Sealed
from chalicelib.ports.store import ConditionFailed, Key, Write
from chalicelib.records import audit, events, idempotency, keys, organisations, plans, sealed
from chalicelib.records.changes import Quotas, of_new
from chalicelib.records.idempotency import Attempt
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import audit_record
from chalicelib.usecases.variables.sealing import seal
from chalicelib.usecases.workspaces.draft import Draft, WorkspaceRequest, draft
from chalicelib.usecases.workspaces.read import WorkspaceView, show_workspace, view
from chalicelib.usecases.workspaces.telling import Actor, event
from chalicelib.usecases.workspaces.wish import looked


def create_workspace(
    ports: Ports, person: Person, request: WorkspaceRequest, attempt: Attempt | None = None
) -> WorkspaceView:
    """Create a workspace and return it; an attempt that was carried out returns what came of it.

    Raises Forbidden; Invalid with every problem of the request; TooMany when a quota is used up;
    Unavailable when the git host does not answer.
    """
    require(person, Action.WORKSPACES_CREATE)
    if (made := idempotency.find(ports.store, attempt)) is not None:
        return show_workspace(ports, person, made)
    settings = organisations.load(ports.store, person.organisation_id).settings
    made_up = draft(ports, person, settings, request)
    workspace = made_up.workspace
    variables = seal(ports.sealer, (person.organisation_id, workspace.id), request.variables)
    digest = "" if variables is None else variables.digest
    now = ports.clock.now()
    state = looked(requested(workspace.id, secrets_digest=digest, now=now), settings, now)
    quotas = Quotas(settings.workspaces_per_user, settings.workspaces_per_agent)
    writes: list[Write] = [
        *idempotency.put(attempt, workspace.id),
        *of_new(workspace, state, quotas),
        *_contents(ports, made_up, state, variables),
    ]
    try:
        ports.store.transact(writes)
    except ConditionFailed as error:
        if (made := idempotency.find(ports.store, attempt)) is not None:
            return show_workspace(ports, person, made)
        raise _refusal(error.key, workspace) from error
    return view(ports, workspace, state)


def _contents(
    ports: Ports, made_up: Draft, state: WorkspaceState, variables: Sealed | None
) -> list[Write]:
    org, workspace_id = made_up.workspace.organisation_id, made_up.workspace.id
    owner = made_up.workspace.owner_id
    told = event(ports, state, kind="created", message=CREATED, actor=owner)
    record = audit_record(
        ports,
        Actor(org, owner),
        "workspaces:create",
        workspace_id,
        detail=made_up.workspace.agent_id,
        generation=state.generation,
        is_new=True,
    )
    return [
        plans.put_new(org, workspace_id, made_up.frozen),
        *([] if variables is None else sealed.put_new(org, workspace_id, variables)),
        events.put_new(org, workspace_id, told),
        *audit.append(record),
    ]


def _refusal(key: Key, workspace: Workspace) -> Refused:
    org = workspace.organisation_id
    if key == keys.user_quota(org, workspace.owner_id):
        return TooMany("user-quota", "You have as many workspaces as your organisation allows.")
    if key == keys.agent_quota(org, workspace.agent_id):
        return TooMany("agent-quota", "This agent carries as many workspaces as are allowed.")
    if key == keys.agent(org, workspace.agent_id):
        return Missing("no-such-agent", "There is no such agent any more.")
    return Unavailable("try-again", "The workspace could not be stored; try again.")
