"""The conversation with one agent: reports are stored, receipts and orders go back.

Nothing is remembered of having sent something. What is due is read from the states, so an answer
that is lost, an agent that dies and an apply that fails all heal by the next question.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.agents.eras import epoch_in
from chalicelib.domain.agents.presence import is_worth_noting
from chalicelib.domain.errors import Clash
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import agents, organisations, pending, states
from chalicelib.records.cursors import Place, read_cursor, write_cursor
from chalicelib.records.pending import Pending, pending_of
from chalicelib.usecases.agents.absences import note_absences
from chalicelib.usecases.agents.conversation import Conversation
from chalicelib.usecases.agents.orders import (
    Turn,
    turns_of_pending,
    turns_of_states,
    write_orders,
)
from chalicelib.usecases.agents.reports import Taken, take_reports
from chalicelib.usecases.agents.wake_ups import channel_for, idle_poll_ms
from chalicelib.wire.reconcile import Order, Receipt, ReconcileRequest, ReconcileResponse

BUSY_POLL_MS = 1_000
BUSY_SECONDS = 600.0
"""A wish that is older than this no longer hurries the agent."""
REPORT_AGAIN_MS = 10_000
"""Until everything is reported anew, while no full transfer since a restore was committed."""
NOT_SETTLED = -1
"""``intent`` of an answer after which the agent has to ask again, even if nothing is new."""


def reconcile(
    ports: Ports, agent: Agent, request: ReconcileRequest, *, remaining: Callable[[], float]
) -> ReconcileResponse:
    """Answer one message of an authenticated agent.

    ``remaining`` gives the seconds that are left for this call. Raises Clash (``fenced``) when a
    newer instance has taken over, Invalid for a cursor that is not this agent's.
    """
    if request.era not in (None, agent.era):
        return _said(ports, agent, next_poll_ms=BUSY_POLL_MS)
    agent = _admitted(ports, agent, request)
    answer = _answered(ports, agent, request, remaining)
    channel = channel_for(ports, agent, request)
    return answer if channel is None else answer.model_copy(update={"wake": channel})


def _answered(
    ports: Ports, agent: Agent, request: ReconcileRequest, remaining: Callable[[], float]
) -> ReconcileResponse:
    if is_idle(agent, request):
        pause = idle_poll_ms(ports.site, request)
        return _said(ports, agent, intent=agent.intent, next_poll_ms=pause)
    settings = organisations.load(ports.store, agent.organisation_id).settings
    talk = Conversation(ports, agent, settings, remaining)
    resumed = _resumed(talk, request)
    taken = take_reports(talk, request.reports)
    sync = request.full_sync
    if request.update_type == "full" and sync is not None and request.cursor is None:
        committed = note_absences(talk, sync, request.reports)
        if not sync.last:
            receipts = _receipts(taken)
            orders = () if agent.owes_report else _removals(taken)
            return _said(ports, agent, receipts=receipts, orders=orders, next_poll_ms=BUSY_POLL_MS)
        talk = _after_transfer(talk, committed=committed)
    if talk.agent.owes_report:
        receipts = _receipts(taken)
        return _said(ports, agent, receipts=receipts, full_sync_ms=REPORT_AGAIN_MS)
    return _with_orders(talk, request, taken, resumed)


@dataclass(frozen=True, slots=True)
class _Resumed:
    """Where an answer goes on, and what kind of answer it is: its beginning decided that."""

    is_full: bool
    after: Turn | None = None


def is_idle(agent: Agent, request: ReconcileRequest) -> bool:
    """Whether there is nothing to store and nothing to say: the agent's own item tells."""
    return (
        request.update_type == "partial"
        and not request.reports
        and request.cursor is None
        and request.intent == agent.intent
        and not agent.owes_report
    )


def _admitted(ports: Ports, agent: Agent, request: ReconcileRequest) -> Agent:
    """Return the agent with the epoch of the request; note that it was heard.

    An older epoch fails by the write's own condition, however old the agent's item was read.
    """
    now, epoch = ports.clock.now(), epoch_in(agent.era, request.epoch)
    if epoch == agent.epoch and not is_worth_noting(agent, now):
        return agent
    leader = agents.Leader(epoch, request.instance, request.version, agent.namespace)
    try:
        ports.store.write(agents.introduced(agent, leader, now))
    except ConditionFailed as error:
        message = "A newer instance of this agent has taken over; stop acting until you lead again."
        raise Clash("fenced", message) from error
    return replace(agent, epoch=epoch, heard_at=now)


def _after_transfer(talk: Conversation, *, committed: bool) -> Conversation:
    """Go on after the last page of a full transfer: once one is committed, the agent may obey.

    Not so where a newer era or holder of the Lease came meanwhile: it reports for itself.
    """
    if not (committed and talk.agent.owes_report):
        return talk
    try:
        talk.ports.store.write(agents.reported(talk.agent))
    except ConditionFailed:
        return talk
    return replace(talk, agent=replace(talk.agent, owes_report=False))


def _with_orders(
    talk: Conversation, request: ReconcileRequest, taken: list[Taken], resumed: _Resumed
) -> ReconcileResponse:
    is_full, after = resumed.is_full, resumed.after
    rows, turns = _full_turns(talk) if is_full else _partial_turns(talk)
    left = [turn for turn in turns if after is None or turn > after]
    written = write_orders(talk, left, is_full=is_full)
    removals = _removals(taken)
    more = written.stopped_after is not None
    unsettled = rows or more or removals or len(taken) < len(request.reports)
    return _said(
        talk.ports,
        talk.agent,
        receipts=_receipts(taken),
        orders=(*removals, *written.orders),
        more=more,
        cursor=_cursor(talk, written.stopped_after, is_full=is_full),
        intent=NOT_SETTLED if unsettled else talk.agent.intent,
        next_poll_ms=_next_poll(talk, request, rows),
    )


def _partial_turns(talk: Conversation) -> tuple[list[Pending], list[Turn]]:
    rows = pending.load_all(talk.ports.store, talk.placement)
    return rows, turns_of_pending(rows)


def _full_turns(talk: Conversation) -> tuple[list[Pending], list[Turn]]:
    found: list[WorkspaceState] = list(states.load_all(talk.ports.store, talk.placement))
    rows = [row for state in found if (row := pending_of(state)) is not None]
    return rows, turns_of_states(found)


def _next_poll(talk: Conversation, request: ReconcileRequest, rows: list[Pending]) -> int:
    now, idle = talk.ports.clock.now(), idle_poll_ms(talk.ports.site, request)
    is_busy = any(now - row.since < BUSY_SECONDS for row in rows)
    return min(BUSY_POLL_MS, idle) if is_busy else idle


def _cursor(talk: Conversation, turn: Turn | None, *, is_full: bool) -> str | None:
    if turn is None:
        return None
    place: Place = [int(is_full), turn.rank, turn.since, turn.workspace_id]
    return write_cursor(talk.ports.signer, _audience(talk), place)


def _resumed(talk: Conversation, request: ReconcileRequest) -> _Resumed:
    if request.cursor is None:
        return _Resumed(request.update_type == "full")
    place = read_cursor(talk.ports.signer, _audience(talk), request.cursor)
    is_full, rank, since, workspace_id = place
    return _Resumed(bool(is_full), Turn(int(rank), int(since), str(workspace_id)))


def _audience(talk: Conversation) -> str:
    """A cursor is good for this agent and this holder of its Lease alone."""
    return f"reconcile:{talk.agent.organisation_id}:{talk.agent.id}:{talk.epoch}"


def _removals(taken: list[Taken]) -> tuple[Order, ...]:
    return tuple(each.removal for each in taken if each.removal is not None)


def _receipts(taken: list[Taken]) -> tuple[Receipt, ...]:
    return tuple(each.receipt for each in taken)


def _said(ports: Ports, agent: Agent, **fields: Any) -> ReconcileResponse:
    intervals = {
        "era": agent.era,
        "intent": NOT_SETTLED,
        "next_poll_ms": ports.site.idle_poll_ms,
        "full_sync_ms": ports.site.full_sync_ms,
    }
    return ReconcileResponse(**(intervals | fields))
