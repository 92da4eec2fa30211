"""What an agent reports and nobody owns: remembered, and removed once its grace is over.

A foreign id and one that never was are answered alike. What is removed carries this agent's own
label, for the agent reports nothing else. A workspace that has a record is never touched, but for
what an agent still has, or has again, of one that it gave up: that is from before its present stay.
"""

from dataclasses import replace

from chalicelib.ports.store import Write
from chalicelib.records import orphans, states, workspaces
from chalicelib.records.orphans import Orphan
from chalicelib.records.placement import placement_of
from chalicelib.usecases.agents.conversation import Conversation
from chalicelib.usecases.audit.write import audit
from chalicelib.usecases.workspaces.telling import BERTH, Actor
from chalicelib.wire.reconcile import Outcome, TerminateOrder, WorkspaceReport


def take_orphan(
    talk: Conversation, report: WorkspaceReport
) -> tuple[Outcome, TerminateOrder | None]:
    """Return the answer to a report of no workspace of this agent."""
    store, place = talk.ports.store, talk.placement
    orphan = orphans.load(store, place, report.workspace_id)
    if report.namespace == "Absent":
        return _gone(talk, report, orphan)
    if _is_owned(talk, report):
        return "unknown", None
    if orphan is None:
        store.write(orphans.put_new(place, Orphan(report.workspace_id, talk.ports.clock.now())))
        return "unknown", None
    if orphan.generation == 0:
        if talk.ports.clock.now() < orphan.since + talk.settings.orphan_grace_seconds:
            return "unknown", None
        orphan = _condemn(talk, report, orphan)
    order = TerminateOrder(workspace_id=report.workspace_id, generation=orphan.generation)
    return "unknown", order


def _is_owned(talk: Conversation, report: WorkspaceReport) -> bool:
    store, org = talk.ports.store, talk.placement.organisation_id
    workspace = workspaces.load(store, org, report.workspace_id)
    if workspace is None:
        return False
    state = states.load(store, placement_of(workspace), workspace.id)
    if state is None or workspace.agent_id == talk.agent.id:
        return True
    # A namespace without a Deployment tells no generation: after a restore it may be the newer copy.
    is_told = report.generation > 0 or not talk.agent.restored
    return state.stay == 1 or not is_told or report.generation >= state.stay


def _condemn(talk: Conversation, report: WorkspaceReport, orphan: Orphan) -> Orphan:
    condemned = replace(orphan, generation=max(report.generation, report.tombstone or 0) + 1)
    actor = Actor(talk.agent.organisation_id, BERTH)
    detail = f"agent {talk.agent.id} reported it and nobody owns it"
    told = audit(talk.ports, actor, "workspaces:remove-orphan", report.workspace_id, detail=detail)
    writes: list[Write] = [orphans.put_removed(talk.placement, condemned), *told]
    talk.ports.store.transact(writes)
    return condemned


def _gone(
    talk: Conversation, report: WorkspaceReport, orphan: Orphan | None
) -> tuple[Outcome, TerminateOrder | None]:
    if orphan is not None:
        talk.ports.store.write(orphans.forget(talk.placement, report.workspace_id))
    return ("unknown" if report.tombstone is None else "collect"), None
