"""Handing a workspace over to the agent that it moves to, once its own has given it up."""

import logging
from dataclasses import dataclass, replace

from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Refused
from chalicelib.domain.targets import Object
from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.domain.workspaces.transitions import placed
from chalicelib.domain.workspaces.wording import MOVED, NOT_TAKEN
from chalicelib.domain.workspaces.workspace import Move, Workspace, WorkspaceState
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import agents, orphans, plans, quotas, states, workspaces
from chalicelib.records.changes import Change, commit, hand_over
from chalicelib.records.placement import placement_under
from chalicelib.usecases.agents.conversation import Conversation
from chalicelib.usecases.audit.write import audit_record
from chalicelib.usecases.workspaces.move import fitted, frozen_for
from chalicelib.usecases.workspaces.telling import Actor, event
from chalicelib.usecases.workspaces.wish import looked, runs

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Leaving:
    """A workspace that its agent has given up: its state before the report of that, and after."""

    talk: Conversation
    workspace: Workspace
    move: Move
    before: WorkspaceState
    given_up: WorkspaceState


def pass_on(talk: Conversation, before: WorkspaceState, given_up: WorkspaceState) -> None:
    """Write that the workspace is at its next agent, in the transaction in which it leaves this one.

    Where that agent cannot have it any more, the workspace stays and is made anew. Raises
    ConditionFailed when something changed meanwhile: the report is looked at again.
    """
    store, org = talk.ports.store, talk.agent.organisation_id
    workspace = workspaces.load(store, org, before.workspace_id)
    if workspace is None or workspace.move is None:
        if states.load(store, talk.placement, before.workspace_id) != before:
            # The same report, doubled: another call handed it over between our two reads.
            raise ConditionFailed(0, states.to_item(talk.placement, before).key)
        raise LookupError(f"{before.workspace_id} moves, and its record does not say where to")
    leaving = _Leaving(talk, workspace, workspace.move, before, given_up)
    target = agents.load(store, org, workspace.move.agent_id)
    made = None if target is None else _made_for(leaving, target)
    if target is None or made is None:
        _keep(leaving)
    else:
        _give(leaving, target, made)


def _made_for(leaving: _Leaving, target: Agent) -> tuple[WorkspacePlan, Object] | None:
    workspace = leaving.workspace
    plan = plans.load_plan(leaving.talk.ports.store, workspace.organisation_id, workspace.id)
    if plan is None or target.retired_at is not None:
        return None
    there = fitted(plan, target, leaving.talk.settings)
    try:
        return there, frozen_for(there)
    except Refused as refused:
        _log.warning("%s cannot be made for %s: %s", workspace.id, target.id, refused.code)
        return None


def _give(leaving: _Leaving, target: Agent, made: tuple[WorkspacePlan, Object]) -> None:
    talk, workspace, before = leaving.talk, leaving.workspace, leaving.before
    org, now = workspace.organisation_id, talk.ports.clock.now()
    then = _wanted(leaving.move, target)
    # Where the move itself is of a backup, the agent that it went to may know better (decision 0022).
    epoch = 0 if before.epoch < talk.agent.restored else target.restored
    after = looked(placed(leaving.given_up, then, now, epoch=epoch), talk.settings, now)
    beside = (
        plans.put_again(*made),
        quotas.freed_by(org, talk.agent.id),
        agents.receives(org, target.id, starts=runs(then)),
        orphans.forget(placement_under(target), workspace.id),
    )
    change = Change(talk.placement, before, after, beside=beside)
    moved = replace(workspace, agent_id=target.id, move=None)
    hand_over(talk.ports.store, _told(leaving, change, "moved", MOVED), moved)


def _keep(leaving: _Leaving) -> None:
    talk, workspace, given_up = leaving.talk, leaving.workspace, leaving.given_up
    now, then = talk.ports.clock.now(), _wanted(leaving.move, talk.agent)
    anew = replace(
        placed(given_up, then, now, epoch=given_up.epoch),
        resource_version=given_up.resource_version,
    )
    beside = (
        workspaces.put_moved(replace(workspace, move=None)),
        quotas.freed_by(workspace.organisation_id, leaving.move.agent_id),
    )
    after = looked(anew, talk.settings, now)
    change = Change(talk.placement, leaving.before, after, beside=beside, is_start=runs(then))
    commit(talk.ports.store, _told(leaving, change, "kept", NOT_TAKEN))


def _wanted(move: Move, agent: Agent) -> DesiredState:
    return DesiredState.STOPPED if agent.draining else move.then


def _told(leaving: _Leaving, change: Change, what: str, words: str) -> Change:
    """Return the change with its audit record and its line in the timeline."""
    talk, after = leaving.talk, change.after
    told = event(talk.ports, after, kind=what, message=words, actor=talk.agent.id)
    record = audit_record(
        talk.ports,
        Actor(talk.agent.organisation_id, talk.agent.id),
        f"workspaces:{what}",
        after.workspace_id,
        detail=f"{talk.agent.id} to {leaving.move.agent_id}",
        generation=after.generation,
    )
    return replace(change, events=(told,), audits=(record,))
