"""Moving a workspace to another agent, and calling a move off (decision 0023).

Here a move is only begun: its agent removes everything, and once that was seen the workspace is
handed over (``usecases.agents.handover``). The volume is not carried over.
"""

from dataclasses import dataclass, replace

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Clash, Invalid, Refused
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.quotas import Holder, Scope, limits_of
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.targets import TARGETS, Object
from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.domain.workspaces.transitions import called_off, want
from chalicelib.domain.workspaces.wording import CALLED_OFF, wish_words
from chalicelib.domain.workspaces.workspace import Move, Workspace, WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, Key
from chalicelib.records import agents, idempotency, organisations, plans, quotas, workspaces
from chalicelib.records.changes import Change
from chalicelib.records.idempotency import Attempt
from chalicelib.records.placement import placement_of
from chalicelib.usecases.workspaces.allowance import exceeded
from chalicelib.usecases.workspaces.compose import Composed
from chalicelib.usecases.workspaces.create import used_up
from chalicelib.usecases.workspaces.draft import not_admitted
from chalicelib.usecases.workspaces.read import WorkspaceView, find_workspace, show_workspace, view
from chalicelib.usecases.workspaces.wish import Wish, accept, runs

_ATTEMPTS = 5
_MOVE = DesiredState.MOVE_REQUESTED
_COMES_TO = {DesiredState.RESTART_REQUESTED: DesiredState.RUNNING}


@dataclass(frozen=True, slots=True)
class Moving:
    """Which workspace is to go where, who asks for it, and under which settings."""

    workspace: Workspace
    state: WorkspaceState
    target: Agent
    organisation: Organisation
    actor: str
    attempt: Attempt | None = None


def move_workspace(
    ports: Ports,
    person: Person,
    workspace_id: str,
    agent_id: str,
    *,
    attempt: Attempt | None = None,
) -> WorkspaceView:
    """Begin to move a workspace, and return it; where it is or goes there already nothing changes.

    Whoever asks has agreed that the volume is deleted. Raises Missing, Forbidden, Clash (terminated,
    moving elsewhere, its agent is retired), Invalid (that agent cannot have it), TooMany.
    """
    for _ in range(_ATTEMPTS):
        workspace, state = find_workspace(ports, person, Action.WORKSPACES_CHANGE, workspace_id)
        if idempotency.find(ports.store, attempt) is not None:
            return view(ports, workspace, state)
        if state.desired is not DesiredState.TERMINATED and _goes_to(workspace) == agent_id:
            return view(ports, workspace, state)
        organisation = organisations.load(ports.store, workspace.organisation_id)
        target = _target(ports, workspace, agent_id)
        moving = Moving(workspace, state, target, organisation, person.id, attempt)
        try:
            begin_move(ports, moving)
        except ConditionFailed as error:
            if (refused := _refusal(ports, error.key, moving)) is not None:
                raise refused from error
        else:
            return show_workspace(ports, person, workspace_id)
    raise Clash("workspace-busy", "The workspace changed at the same moment; try again.")


def begin_move(ports: Ports, moving: Moving) -> WorkspaceState:
    """Write that the workspace moves, with a place kept where it goes; return its state.

    Raises Refused where it cannot, ConditionFailed when something changed meanwhile.
    """
    workspace, target, settings = moving.workspace, moving.target, moving.organisation.settings
    _check_source(ports, workspace)
    after = want(moving.state, _MOVE, ports.clock.now())
    if after is None:
        return moving.state
    _check_target(ports, workspace, target, settings)
    then = _COMES_TO.get(moving.state.desired, moving.state.desired)
    org, place = workspace.organisation_id, placement_of(workspace)
    beside = (
        workspaces.put_moved(replace(workspace, move=Move(target.id, then))),
        *quotas.taken_by(org, target.id, limits_of(moving.organisation)),
        agents.will_admit(org, target.id),
        *idempotency.put(moving.attempt, workspace.id),
    )
    detail = f"{workspace.agent_id} to {target.id}"
    wish = Wish(_MOVE, moving.actor, wish_words(_MOVE), "move", detail)
    return accept(ports, settings, Change(place, moving.state, after, beside=beside), wish)


def call_move_off(ports: Ports, person: Person, workspace_id: str) -> WorkspaceView:
    """Let a workspace stay at its agent, and return it; one that does not move is left as it is.

    What was removed by then is made anew there, with an empty volume.
    """
    for _ in range(_ATTEMPTS):
        workspace, state = find_workspace(ports, person, Action.WORKSPACES_CHANGE, workspace_id)
        move = workspace.move
        if move is None or state.desired is not _MOVE:
            return view(ports, workspace, state)
        agent = agents.load(ports.store, workspace.organisation_id, workspace.agent_id)
        is_drained = agent is not None and agent.draining
        then = DesiredState.STOPPED if is_drained else move.then
        try:
            stays = _call_off(
                ports, workspace, state, Wish(then, person.id, CALLED_OFF, "call-off")
            )
        except ConditionFailed:
            continue  # a report came in between, or a drain: look again
        return view(ports, replace(workspace, move=None), stays)
    raise Clash("workspace-busy", "The workspace changed at the same moment; try again.")


def fitted(plan: WorkspacePlan, agent: Agent, settings: OrganisationSettings) -> WorkspacePlan:
    """Return the plan as it is for an agent, under the organisation's present settings."""
    return replace(plan, agent_id=agent.id, agent=agent.settings, git_hosts=settings.git_hosts)


def frozen_for(plan: WorkspacePlan) -> Object:
    """Return the plan's workload, made anew. Raises Invalid where it cannot be."""
    return TARGETS["kubernetes"].freeze(plan)


def _call_off(
    ports: Ports, workspace: Workspace, state: WorkspaceState, wish: Wish
) -> WorkspaceState:
    assert workspace.move is not None, "it moves"
    org = workspace.organisation_id
    change = Change(
        placement_of(workspace),
        state,
        called_off(state, wish.desired, ports.clock.now()),
        beside=(
            workspaces.put_moved(replace(workspace, move=None)),
            quotas.freed_by(org, workspace.move.agent_id),
        ),
        is_start=runs(wish.desired),
    )
    return accept(ports, organisations.load(ports.store, org).settings, change, wish)


def _goes_to(workspace: Workspace) -> str:
    return workspace.agent_id if workspace.move is None else workspace.move.agent_id


def _target(ports: Ports, workspace: Workspace, agent_id: str) -> Agent:
    target = agents.load(ports.store, workspace.organisation_id, agent_id)
    if target is None or not_admitted(target):
        raise _not_there(target)
    return target


def _check_source(ports: Ports, workspace: Workspace) -> None:
    """Refuse what nobody could confirm: a workspace goes only where its agent has given it up."""
    agent = agents.load(ports.store, workspace.organisation_id, workspace.agent_id)
    if agent is None or agent.retired_at is not None:
        message = (
            "The workspace's agent is retired: nobody can confirm that its cluster has removed the"
            " workspace, and it must not run twice. Create another one."
        )
        raise Clash("agent-retired", message)


def _check_target(
    ports: Ports, workspace: Workspace, target: Agent, settings: OrganisationSettings
) -> None:
    plan = plans.load_plan(ports.store, workspace.organisation_id, workspace.id)
    if plan is None:
        message = (
            "The workspace is older than moving is: its plan was not kept. Create another one."
        )
        raise Clash("no-plan", message)
    there = fitted(plan, target, settings)
    composed = Composed(there.containers, there.volumes, there.projects, there.disk_gib)
    if problems := exceeded(composed, target.settings, settings.git_hosts, "#/agent_id"):
        raise Invalid("not-allowed-there", "That agent allows no such workspace.", problems)
    frozen_for(there)


def _refusal(ports: Ports, key: Key, moving: Moving) -> Refused | None:
    """Return what a failed condition means for who asked; None: look again."""
    org, target, limits = moving.organisation.id, moving.target, limits_of(moving.organisation)
    holder = quotas.holder_of(key)
    if holder == Holder(Scope.AGENT, target.id):
        is_in_force = organisations.load(ports.store, org).version == limits.version
        return used_up(holder, limits.per_agent) if is_in_force else None
    found = agents.load_by(ports.store, org, key)
    if found is not None and found.id == target.id and not_admitted(found):
        return _not_there(found)
    return None


def _not_there(agent: Agent | None) -> Invalid:
    return Invalid("move-refused", "The workspace cannot be moved there.", not_admitted(agent))
