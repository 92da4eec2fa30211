"""Writing the orders of an answer: terminations first, then the oldest wish, within the budget."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from chalicelib.domain.targets import Frozen, Holes, Rendered
from chalicelib.domain.workspaces.decide import Order, order_due
from chalicelib.domain.workspaces.states import EFFECTS, ActualState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.keys import KeyServiceBusy
from chalicelib.ports.store import Item
from chalicelib.records import plans, sealed, states
from chalicelib.records.attributes import milliseconds
from chalicelib.records.pending import Pending
from chalicelib.usecases.agents.conversation import Conversation
from chalicelib.usecases.variables.sealing import open_sealed
from chalicelib.wire import reconcile as wire

_BATCH = 50
_BARE_BYTES = 32 * 1024
"""More than the manifests of nearly every workspace take."""

_TERMINATION, _WISH, _SETTLED = range(3)
"""Ranks of turns; of the settled only a full answer has any."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, order=True)
class Turn:
    """A workspace's place among those that orders are considered for."""

    rank: int
    since: int
    workspace_id: str


@dataclass(frozen=True, slots=True)
class Batch:
    """What is stored of the workspaces of some turns, by workspace id: read in few questions.

    Items are taken apart one by one, where a bad one holds up nobody else.
    """

    states: Mapping[str, WorkspaceState]
    plans: Mapping[str, Item]
    sealed: Mapping[str, Sequence[Item]]


@dataclass(slots=True)
class Written:
    """Orders so far, of at most ``most`` bytes. ``stopped_after`` is set when not all turns were taken."""

    most: int
    orders: list[wire.Order] = field(default_factory=list)
    size: int = 0
    stopped_after: Turn | None = None

    def has_room_for(self, chunks: Sequence[Item]) -> bool:
        """Whether an order with these sealed variables is likely to fit; the first is always tried.

        Base64 makes values a third longer. Without this look, each page would end with variables
        that are opened in vain, and again for the next page.
        """
        if not (self.orders and chunks):
            return True
        values = 4 * sealed.size_of(chunks) // 3
        return self.size + values + _BARE_BYTES <= self.most

    def takes(self, order: wire.Order) -> bool:
        """Add the order; False when it does not fit. The first always does."""
        size = len(order.model_dump_json())
        if self.orders and self.size + size > self.most:
            return False
        self.orders.append(order)
        self.size += size
        return True


def turns_of_pending(rows: Iterable[Pending]) -> list[Turn]:
    """Return the turns of a partial answer: what has an order to send."""
    return sorted(
        Turn(_TERMINATION if row.terminates else _WISH, milliseconds(row.since), row.workspace_id)
        for row in rows
        if row.has_order
    )


def turns_of_states(found: Iterable[WorkspaceState]) -> list[Turn]:
    """Return the turns of a full answer: all but the terminated."""
    return sorted(_turn(state) for state in found if state.actual is not ActualState.TERMINATED)


def write_orders(talk: Conversation, turns: Sequence[Turn], *, is_full: bool) -> Written:
    """Write the orders of the turns until bytes or time are used up."""
    written = Written(talk.ports.site.answer_bytes)
    last: Turn | None = None
    for start in range(0, len(turns), _BATCH):
        some = turns[start : start + _BATCH]
        batch = _batch(talk, some, is_full=is_full)
        for turn in some:
            chunks = batch.sealed.get(turn.workspace_id, ())
            is_over = talk.is_out_of_time() or not written.has_room_for(chunks)
            if last is not None and is_over:
                written.stopped_after = last
                return written
            state = batch.states.get(turn.workspace_id)
            order = None if state is None else _order(talk, state, batch, is_full=is_full)
            if order is not None and not written.takes(order):
                written.stopped_after = last
                return written
            last = turn
    return written


def _turn(state: WorkspaceState) -> Turn:
    ranks = {Order.TERMINATE: _TERMINATION, Order.NOTHING: _SETTLED}
    rank = ranks.get(order_due(state), _WISH)
    return Turn(rank, milliseconds(state.desired_at), state.workspace_id)


def _batch(talk: Conversation, turns: Sequence[Turn], *, is_full: bool) -> Batch:
    store, org = talk.ports.store, talk.agent.organisation_id
    found = states.load_many(store, [(talk.placement, turn.workspace_id) for turn in turns])
    due = {workspace_id: order_due(state) for workspace_id, state in found.items()}
    applied = (Order.SPEC, Order.EVERYTHING, *((Order.NOTHING,) if is_full else ()))
    return Batch(
        states=found,
        plans=plans.load_items(store, org, [each for each in due if due[each] in applied]),
        sealed=sealed.load_items(
            store, org, [each for each in due if due[each] is Order.EVERYTHING]
        ),
    )


def _order(
    talk: Conversation, state: WorkspaceState, batch: Batch, *, is_full: bool
) -> wire.Order | None:
    """Return what is to be said of a workspace; a poisoned one is logged and passed over."""
    try:
        due = order_due(state)
        if due is Order.TERMINATE:
            return wire.TerminateOrder(workspace_id=state.workspace_id, generation=state.generation)
        if state.workspace_id not in batch.plans or state.epoch < talk.agent.restored:
            return None  # of a backup, and its cluster has not said yet what became of it
        rendered = _rendered(talk, state, plans.frozen_of(batch.plans[state.workspace_id]))
        if is_full:
            due = order_due(state, spec_digest=rendered.spec_digest)
        if due is Order.NOTHING:
            return None
        chunks = batch.sealed.get(state.workspace_id, ())
        secrets = _secrets(talk, state, chunks) if due is Order.EVERYTHING else None
        return _apply(state, rendered, secrets)
    except KeyServiceBusy:
        _log.warning("the variables of %s cannot be opened now", state.workspace_id)
    except Exception:  # noqa: BLE001 - a bug or a bad row must not hold up the others
        _log.exception("no order can be written for %s", state.workspace_id)
    return None


def _rendered(talk: Conversation, state: WorkspaceState, frozen: Frozen) -> Rendered:
    holes = Holes(
        generation=state.generation,
        replicas=EFFECTS[state.desired].replicas or 0,
        secrets_digest=state.secrets_digest,
    )
    return talk.target.render(frozen, talk.guard, holes)


def _apply(
    state: WorkspaceState, rendered: Rendered, secrets: tuple[wire.Object, ...] | None
) -> wire.ApplyOrder:
    return wire.ApplyOrder(
        workspace_id=state.workspace_id,
        generation=state.generation,
        spec_digest=rendered.spec_digest,
        secrets_digest=state.secrets_digest,
        secret_names=rendered.secret_names,
        objects=rendered.objects,
        secrets=secrets,
    )


def _secrets(
    talk: Conversation, state: WorkspaceState, chunks: Sequence[Item]
) -> tuple[wire.Object, ...]:
    if not chunks:
        raise LookupError(f"the variables of {state.workspace_id} are not in the store")
    owned = (talk.agent.organisation_id, state.workspace_id)
    variables = open_sealed(talk.ports.sealer, owned, sealed.sealed_of(chunks))
    return talk.target.render_secrets(state.workspace_id, talk.agent.id, variables)
