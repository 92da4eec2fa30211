"""From a person's request to a workspace that may be made, or to everything that is wrong with it."""

from dataclasses import dataclass

from chalicelib.domain.access.roles import Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.editors import EDITORS
from chalicelib.domain.errors import Invalid, Problem
from chalicelib.domain.naming import is_name
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.targets import TARGETS
from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.domain.targets.target import Object
from chalicelib.domain.variables.limits import check as check_variables
from chalicelib.domain.variables.variable import Variable
from chalicelib.domain.workspaces.workspace import Workspace
from chalicelib.ports.bundle import Ports
from chalicelib.records import agents
from chalicelib.usecases.access.mint import new_id
from chalicelib.usecases.workspaces.allowance import exceeded
from chalicelib.usecases.workspaces.compose import Composed, compose, published
from chalicelib.usecases.workspaces.source import Found, Repository, find_devfile

_FIRST_USER_ID = 10_000
_USER_IDS = 50_000
"""All below 65,536: a user namespace maps no more."""


@dataclass(frozen=True, slots=True)
class WorkspaceRequest:
    """What a person asks for; exactly one of ``devfile`` (text) and ``repository`` is given."""

    name: str
    agent_id: str
    editor: str = "terminal"
    devfile: str | None = None
    repository: Repository | None = None
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A workspace that may be made, the agent that is to have it, its plan and frozen workload."""

    workspace: Workspace
    agent: Agent
    plan: WorkspacePlan
    frozen: Object


@dataclass(frozen=True, slots=True)
class _Surroundings:
    """Whose workspace it is to be, and where."""

    person: Person
    agent: Agent
    settings: OrganisationSettings


def draft(
    ports: Ports, person: Person, settings: OrganisationSettings, request: WorkspaceRequest
) -> Draft:
    """Return the draft. Raises Invalid with every problem of the request at once."""
    problems = [*_named(request), *check_variables(request.variables)]
    agent = agents.load(ports.store, person.organisation_id, request.agent_id)
    if refused := not_admitted(agent):
        problems += refused
        agent = None
    drafted = None
    try:
        found = find_devfile(ports, settings, request.devfile, request.repository)
        if agent is not None:
            around = _Surroundings(person, agent, settings)
            composed = _composed(found, around)
            drafted = None if problems else _drafted(ports, around, request, found, composed)
    except Invalid as error:
        problems += error.problems or [Problem(error.code, error.message, "#/devfile")]
    if drafted is None:
        raise Invalid("workspace-refused", "The workspace cannot be created so.", problems)
    return drafted


def not_admitted(agent: Agent | None) -> list[Problem]:
    """Return why the agent takes no new workspace; nothing where it does."""
    if agent is None or agent.retired_at is not None:
        return [Problem("no-such-agent", "There is no such agent.", "#/agent_id")]
    if agent.cordoned:
        message = (
            f"The agent {agent.name} is cordoned: it takes no new workspaces. Choose another agent,"
            " or ask an owner of the organisation to uncordon it."
        )
        return [Problem("agent-cordoned", message, "#/agent_id")]
    return []


def _composed(found: Found, around: _Surroundings) -> Composed:
    composed = compose(found.devfile, found.source, around.agent.settings)
    hosts = around.settings.git_hosts
    problems = exceeded(composed, around.agent.settings, hosts, found.pointer)
    if problems:
        raise Invalid("not-allowed-here", "The workspace is more than is allowed.", problems)
    return composed


def _drafted(
    ports: Ports, around: _Surroundings, request: WorkspaceRequest, found: Found, composed: Composed
) -> Draft:
    workspace = Workspace(
        id=new_id(ports, "ws"),
        organisation_id=around.person.organisation_id,
        owner_id=around.person.id,
        agent_id=around.agent.id,
        name=request.name,
        editor=request.editor,
        source=found.source,
        created_at=ports.clock.now(),
        endpoints=published(composed, request.editor),
        variables=tuple((each.name, each.kind.value) for each in request.variables),
    )
    plan = _plan(ports, around, workspace, composed)
    return Draft(workspace, around.agent, plan, TARGETS["kubernetes"].freeze(plan))


def _plan(
    ports: Ports, around: _Surroundings, workspace: Workspace, composed: Composed
) -> WorkspacePlan:
    chance = int.from_bytes(ports.chance.token(8), "big")
    return WorkspacePlan(
        workspace_id=workspace.id,
        workspace_name=workspace.name,
        agent_id=workspace.agent_id,
        organisation_id=workspace.organisation_id,
        owner_id=workspace.owner_id,
        editor=workspace.editor,
        containers=composed.containers,
        volumes=composed.volumes,
        projects=composed.projects,
        disk_gib=composed.disk_gib,
        user_id=_FIRST_USER_ID + chance % _USER_IDS,
        variables=workspace.variables,
        agent=around.agent.settings,
        git_hosts=around.settings.git_hosts,
    )


def _named(request: WorkspaceRequest) -> list[Problem]:
    problems = []
    if not is_name(request.name):
        message = "A name has up to 63 lower-case letters, digits and hyphens, no hyphen at an end."
        problems.append(Problem("workspace-name", message, "#/name"))
    if request.editor not in EDITORS:
        message = f"There is no such editor; there are: {', '.join(EDITORS)}."
        problems.append(Problem("no-such-editor", message, "#/editor"))
    return problems
