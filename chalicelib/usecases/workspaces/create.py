"""Creating a workspace: from a request to one transaction. Nothing in a cluster is touched."""

from dataclasses import dataclass

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.errors import Invalid, Refused, TooMany, Unavailable
from chalicelib.domain.organisations.quotas import Holder, Limits, Scope, limits_of
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.transitions import requested
from chalicelib.domain.workspaces.wording import CREATED
from chalicelib.domain.workspaces.workspace import Workspace, WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.sealing import Sealed
from chalicelib.ports.store import ConditionFailed, Key, StoreUnanswered, Write
from chalicelib.records import (
    agents,
    audit,
    events,
    idempotency,
    organisations,
    plans,
    quotas,
    sealed,
    workspaces,
)
from chalicelib.records.changes import of_new
from chalicelib.records.idempotency import Attempt
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import audit_record
from chalicelib.usecases.variables.sealing import seal
from chalicelib.usecases.workspaces.draft import Draft, WorkspaceRequest, draft, not_admitted
from chalicelib.usecases.workspaces.read import WorkspaceView, show_workspace, view_under
from chalicelib.usecases.workspaces.telling import Actor, event
from chalicelib.usecases.workspaces.wish import looked

_ATTEMPTS = 5


@dataclass(frozen=True, slots=True)
class _Creation:
    """What is to be stored. The draft's ids are new, so that it can be told whether it was."""

    made_up: Draft
    state: WorkspaceState
    variables: Sealed | None
    attempt: Attempt | None

    @property
    def workspace(self) -> Workspace:
        return self.made_up.workspace


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
    organisation = organisations.load(ports.store, person.organisation_id)
    creation = _prepared(ports, person, organisation.settings, request, attempt)
    for _ in range(_ATTEMPTS):
        limits = limits_of(organisation)
        try:
            ports.store.transact(_writes(ports, creation, limits))
        except (ConditionFailed, StoreUnanswered) as error:
            if (made := _made(ports, creation)) is not None:
                return show_workspace(ports, person, made)
            if isinstance(error, StoreUnanswered):
                raise
            organisation = organisations.load(ports.store, person.organisation_id)
            if organisation.version == limits.version:
                raise _refusal(ports, error.key, creation.workspace, limits) from error
        else:
            return view_under(ports, creation.workspace, creation.state, creation.made_up.agent)
    raise _try_again()


def _prepared(
    ports: Ports,
    person: Person,
    settings: OrganisationSettings,
    request: WorkspaceRequest,
    attempt: Attempt | None,
) -> _Creation:
    made_up = draft(ports, person, settings, request)
    workspace_id = made_up.workspace.id
    variables = seal(ports.sealer, (person.organisation_id, workspace_id), request.variables)
    digest = "" if variables is None else variables.digest
    now = ports.clock.now()
    epoch = made_up.agent.restored
    state = requested(workspace_id, secrets_digest=digest, now=now, epoch=epoch)
    return _Creation(made_up, looked(state, settings, now), variables, attempt)


def _writes(ports: Ports, creation: _Creation, limits: Limits) -> list[Write]:
    workspace, variables = creation.workspace, creation.variables
    org, owner = workspace.organisation_id, workspace.owner_id
    told = event(ports, creation.state, kind="created", message=CREATED, actor=owner)
    record = audit_record(
        ports,
        Actor(org, owner),
        "workspaces:create",
        workspace.id,
        detail=workspace.agent_id,
        generation=creation.state.generation,
        is_new=True,
    )
    return [
        *idempotency.put(creation.attempt, workspace.id),
        *of_new(workspace, creation.state, limits),
        plans.put_new(creation.made_up.plan, creation.made_up.frozen),
        *([] if variables is None else sealed.put_new(org, workspace.id, variables)),
        events.put_new(org, workspace.id, told),
        *audit.append(record),
    ]


def _made(ports: Ports, creation: _Creation) -> str | None:
    """Return what this request made though it seemed to fail: an answer of the store was lost, or
    the same request came twice."""
    workspace = creation.workspace
    if (made := idempotency.find(ports.store, creation.attempt)) is not None:
        return made
    stored = workspaces.load(ports.store, workspace.organisation_id, workspace.id)
    return None if stored is None else stored.id


def _refusal(ports: Ports, key: Key, workspace: Workspace, limits: Limits) -> Refused:
    holder = quotas.holder_of(key)
    if holder is not None:
        return used_up(holder, limits.of(holder.scope))
    if (agent := agents.load_by(ports.store, workspace.organisation_id, key)) is not None:
        problems = not_admitted(agent)
        return Invalid("workspace-refused", "The workspace cannot be created so.", problems)
    return _try_again()


_USED_UP = {
    Scope.USER: "You have as many workspaces as your organisation allows a person: {limit}.",
    Scope.AGENT: "This agent has as many workspaces as your organisation allows an agent: {limit}.",
    Scope.ORGANISATION: "Your organisation has as many workspaces as it allows in all: {limit}.",
}


def used_up(holder: Holder, limit: int) -> TooMany:
    """Say which quota it is, and what helps. One that ends counts until its cluster confirms it."""
    remedy = (
        " Terminate one that is no longer needed, or ask an owner of the organisation to raise the"
        f" setting workspaces_per_{holder.scope}."
    )
    return TooMany(f"{holder.scope}-quota", _USED_UP[holder.scope].format(limit=limit) + remedy)


def _try_again() -> Unavailable:
    return Unavailable("try-again", "The workspace could not be stored; try again.")
