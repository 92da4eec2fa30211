"""Storing what an agent reports, one workspace at a time.

A report that cannot be stored now gets no receipt and comes again; one that cannot be read at all
is logged and passed over, so that one bad workspace delays no other.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from chalicelib.domain.workspaces.decide import Decision, Order, Sighting, decide
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.wording import RESTARTED, RESTORED, sight_words
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import ConditionFailed, Item, StoreBusy
from chalicelib.records import states, workspaces
from chalicelib.records.audit import AuditRecord
from chalicelib.records.changes import Change, commit, commit_together
from chalicelib.records.events import Event
from chalicelib.usecases.agents.conversation import Conversation
from chalicelib.usecases.agents.facts import facts_of
from chalicelib.usecases.agents.handover import pass_on
from chalicelib.usecases.agents.orphans import take_orphan
from chalicelib.usecases.audit.write import audit_record
from chalicelib.usecases.workspaces.telling import BERTH, Actor, event
from chalicelib.usecases.workspaces.wish import looked
from chalicelib.wire.reconcile import Receipt, TerminateOrder, WorkspaceReport

_ATTEMPTS = 3
_TOGETHER = 32
"""Reports that are stored by one transaction, if it takes them."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of one report, and what is to be removed though no row is pending for it."""

    receipt: Receipt
    removal: TerminateOrder | None = None


def take_reports(talk: Conversation, reports: Sequence[WorkspaceReport]) -> list[Taken]:
    """Store the reports and return what became of them, as far as time allows."""
    placed = [(talk.placement, report.workspace_id) for report in reports]
    known = states.load_items(talk.ports.store, placed)
    taken: list[Taken] = []
    for start in range(0, len(reports), _TOGETHER):
        some = reports[start : start + _TOGETHER]
        stored = {} if talk.is_out_of_time() else _take_together(talk, some, known)
        for report in some:
            if report.workspace_id in stored:
                taken.append(stored.pop(report.workspace_id))
            elif not talk.is_out_of_time():
                taken += _take_alone(talk, report, known.get(report.workspace_id))
    return taken


def _take_together(
    talk: Conversation, reports: Sequence[WorkspaceReport], known: Mapping[str, Item]
) -> dict[str, Taken]:
    """Store as many as one transaction takes, and return what became of those, by workspace.

    Most reports change their own workspace's rows alone: one call of the store for many of them. If
    one of them lost a race none is stored, and each is taken alone.
    """
    foreseen: dict[str, tuple[Change, Taken]] = {}
    for report in reports:
        item = known.get(report.workspace_id)
        found = None if item is None else _foreseen(talk, report, item)
        if found is not None:
            foreseen.setdefault(report.workspace_id, found)
    if len(foreseen) < 2:
        return {}
    try:
        count = commit_together(talk.ports.store, [change for change, _ in foreseen.values()])
    except (ConditionFailed, StoreBusy):
        return {}
    return {each: taken for each, (_, taken) in list(foreseen.items())[:count]}


def _foreseen(
    talk: Conversation, report: WorkspaceReport, item: Item
) -> tuple[Change, Taken] | None:
    """Return the plain change that a report makes; None where there is none, or a fault to tell."""
    try:
        state = states.from_item(item)
        decision = decide(state, _sighting(talk, report, state), talk.ports.clock.now())
        after = decision.state
        if after is None or after.generation > state.generation or _is_over(after):
            return None
        change = Change(talk.placement, state, after, tuple(_events(talk, state, after)))
        return change, Taken(_receipt(report, decision.outcome.value), _revenant(state, decision))
    except Exception:  # noqa: BLE001 - it is met again, and logged, where the report is taken alone
        return None


def _take_alone(talk: Conversation, report: WorkspaceReport, item: Item | None) -> list[Taken]:
    try:
        return [_take(talk, report, None if item is None else states.from_item(item))]
    except (ConditionFailed, StoreBusy):
        _log.info("report of %s lost a race and comes again", report.workspace_id)
    except Exception:  # noqa: BLE001 - a bug or a bad report must not hold up the others
        _log.exception("report of %s cannot be stored", report.workspace_id)
    return []


def _take(talk: Conversation, report: WorkspaceReport, state: WorkspaceState | None) -> Taken:
    for _ in range(_ATTEMPTS - 1):
        try:
            return _take_once(talk, report, state)
        except ConditionFailed:
            state = states.load(talk.ports.store, talk.placement, report.workspace_id)
    return _take_once(talk, report, state)


def _take_once(talk: Conversation, report: WorkspaceReport, state: WorkspaceState | None) -> Taken:
    if state is None:
        outcome, removal = take_orphan(talk, report)
        return Taken(_receipt(report, outcome), removal)
    decision = decide(state, _sighting(talk, report, state), talk.ports.clock.now())
    if decision.state is not None:
        _store(talk, state, decision.state)
    return Taken(_receipt(report, decision.outcome.value), _revenant(state, decision))


def _sighting(talk: Conversation, report: WorkspaceReport, state: WorkspaceState) -> Sighting:
    observed = talk.target.observe(facts_of(report), state, talk.ports.clock.now())
    return Sighting(
        epoch=talk.epoch,
        resource_version=report.resource_version,
        generation=0 if observed.altered else report.generation,
        absent=report.namespace == "Absent" and report.deployment is None and report.pods == 0,
        actual=observed.actual,
        reason=observed.reason,
        tombstone=report.tombstone,
        spec_digest=report.spec_digest,
        secrets_digest=report.secrets_digest,
        after_restore=state.epoch < talk.agent.restored,
    )


def _store(talk: Conversation, before: WorkspaceState, after: WorkspaceState) -> None:
    if after.is_given_up:
        pass_on(talk, before, after)
        return
    audits: tuple[AuditRecord, ...] = ()
    if after.generation > before.generation:
        after = looked(after, talk.settings, talk.ports.clock.now())
        if _is_restart(before, after):
            audits = (_audit(talk, after, "workspaces:restarted"),)
        else:
            audits = (_audit(talk, after, "workspaces:restored"),)
    ended = None
    if _is_over(after):
        ended = workspaces.load(talk.ports.store, talk.agent.organisation_id, after.workspace_id)
        audits = (_audit(talk, after, "workspaces:terminated"),)
        after = replace(after, look_at=None)
    commit(
        talk.ports.store,
        Change(talk.placement, before, after, tuple(_events(talk, before, after)), audits, ended),
    )


def _is_over(state: WorkspaceState) -> bool:
    return state.actual is ActualState.TERMINATED


def _events(talk: Conversation, before: WorkspaceState, after: WorkspaceState) -> list[Event]:
    told: list[Event] = []
    if (after.actual, _code(after)) != (before.actual, _code(before)):
        words = sight_words(after)
        told.append(event(talk.ports, after, kind="actual", message=words, actor=talk.agent.id))
    if after.generation > before.generation:
        kind, words = "desired-restored", RESTORED
        if _is_restart(before, after):
            kind, words = "desired-restarted", RESTARTED
        told.append(event(talk.ports, after, kind=kind, message=words, actor=BERTH))
    return told


def _is_restart(before: WorkspaceState, after: WorkspaceState) -> bool:
    """Whether a new generation is the second half of a restart, or else what a restore made of it."""
    return (
        before.desired is DesiredState.RESTART_REQUESTED and after.desired is DesiredState.RUNNING
    )


def _code(state: WorkspaceState) -> str:
    return "" if state.reason is None else state.reason.code


def _audit(talk: Conversation, state: WorkspaceState, action: str) -> AuditRecord:
    actor = Actor(talk.agent.organisation_id, talk.agent.id)
    return audit_record(talk.ports, actor, action, state.workspace_id, generation=state.generation)


def _revenant(state: WorkspaceState, decision: Decision) -> TerminateOrder | None:
    """Order the removal of what lives on after its termination was stored."""
    if state.actual is not ActualState.TERMINATED or decision.order is not Order.TERMINATE:
        return None
    return TerminateOrder(workspace_id=state.workspace_id, generation=state.generation)


def _receipt(report: WorkspaceReport, outcome: str) -> Receipt:
    return Receipt.model_validate(
        {
            "workspace_id": report.workspace_id,
            "resource_version": report.resource_version,
            "outcome": outcome,
        }
    )
