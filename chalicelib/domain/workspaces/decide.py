"""What a report does to a workspace's state, and what its agent has to be told.

A level, never an edge: an order is due while what lives in the cluster differs from what is wanted,
whatever was sent before. So a lost answer, a crash or a failed apply needs no special case.
"""

from dataclasses import dataclass, replace
from enum import Enum

from chalicelib.domain.workspaces import reasons
from chalicelib.domain.workspaces.states import EFFECTS, ActualState, DesiredState
from chalicelib.domain.workspaces.transitions import LEAP, restarted
from chalicelib.domain.workspaces.workspace import Reason, WorkspaceState


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one report says of a workspace, with the state that its target reads from it.

    ``generation`` is that of the live object or of the tombstone; ``absent``: nothing of the
    workspace is left but, maybe, the tombstone.
    """

    epoch: int
    resource_version: int
    generation: int
    absent: bool
    actual: ActualState
    reason: Reason | None = None
    tombstone: int | None = None
    spec_digest: str = ""
    secrets_digest: str = ""
    after_restore: bool = False
    """The state came from a backup, and this is the first report of the workspace since."""


class Outcome(Enum):
    """What became of a report."""

    STORED = "stored"
    STALE = "stale"
    COLLECT = "collect"
    """The end is known, or the workspace is given up: the tombstone has done its duty."""


class Order(Enum):
    """What the agent has to be told."""

    NOTHING = "nothing"
    SPEC = "spec"
    """The object group; the agent has its Secrets."""
    EVERYTHING = "everything"
    """The object group and its Secrets."""
    TERMINATE = "terminate"


@dataclass(frozen=True, slots=True)
class Decision:
    """``state`` is None when the report changes nothing."""

    state: WorkspaceState | None
    outcome: Outcome
    order: Order


def decide(state: WorkspaceState, seen: Sighting, now: float) -> Decision:
    """Return what the report changes and what is still to be sent after it."""
    if state.actual is ActualState.TERMINATED:
        return _after_termination(seen)
    if (seen.epoch, seen.resource_version) < (state.epoch, state.resource_version):
        return Decision(None, Outcome.STALE, order_due(state))
    known = _caught_up(state, seen, now) if seen.after_restore else state
    after = _observed(known, seen, now)
    if _is_reached(after):
        after = restarted(after, now)
    collect = after.actual is ActualState.TERMINATED or _is_over_here(after, seen)
    return Decision(
        state=None if after == state else after,
        outcome=Outcome.COLLECT if collect else Outcome.STORED,
        order=order_due(after),
    )


def order_due(state: WorkspaceState, *, spec_digest: str | None = None) -> Order:
    """Return what the agent has to be told of a workspace in this state.

    ``spec_digest`` is that of the present rendering: a full answer passes it, and so also corrects
    what drifted and follows changed guard rails.
    """
    if state.withheld:
        return Order.NOTHING
    if state.is_leaving:
        terminated = state.actual is ActualState.TERMINATED
        return Order.NOTHING if terminated else Order.TERMINATE
    if state.secrets_digest not in ("", state.live_secrets_digest):
        return Order.EVERYTHING
    is_live = state.live_generation == state.generation
    is_current = spec_digest is None or spec_digest == state.spec_digest
    return Order.NOTHING if is_live and is_current else Order.SPEC


def is_under_way(state: WorkspaceState) -> bool:
    """Whether the agent has something to hear or news are expected of it soon."""
    return order_due(state) is not Order.NOTHING or state.actual in _PASSING


def missed(state: WorkspaceState, now: float) -> WorkspaceState | None:
    """Return the state of a workspace that a complete full sync did not name; None if unchanged.

    Absence deletes nothing and changes no intent: what should exist is sent again.
    """
    if state.is_leaving or not state.was_here or state.withheld:
        return None
    after = _shown(state.with_nothing_live(), ActualState.UNKNOWN, reasons.LOST, now)
    return None if after == state else after


def missed_after_restore(state: WorkspaceState, epoch: int, now: float) -> WorkspaceState | None:
    """Return the state of a restored workspace that the first full sync since did not name.

    It may have been terminated after the backup, so that nothing brings it back unasked; and
    absence deletes nothing. ``epoch`` is that of the sync, which counts as a report of it.
    """
    if state.desired is DesiredState.TERMINATED:
        return None
    held = replace(state.with_nothing_live(), withheld=True, epoch=epoch, resource_version=0)
    return _shown(held, ActualState.UNKNOWN, reasons.WITHHELD, now)


_PASSING = frozenset(
    {
        ActualState.CREATION_REQUESTED,
        ActualState.STARTING,
        ActualState.STOPPING,
        ActualState.TERMINATING,
    }
)


def _after_termination(seen: Sighting) -> Decision:
    """Terminated is absorbing. What lives on all the same is to be removed again."""
    if not seen.absent:
        return Decision(None, Outcome.STORED, Order.TERMINATE)
    return Decision(None, Outcome.COLLECT, Order.NOTHING)


def _caught_up(state: WorkspaceState, seen: Sighting, now: float) -> WorkspaceState:
    """Return a state from a backup with what its cluster knows better.

    A termination since is final, also where a wish was counted since that did not know of it.
    Generations above ours may have been made since, and claimed there, whatever the live object says:
    an apply that ended half-way leaves its claim. So the wish of the backup is made anew far above all
    that was lost; or the next one is, where this very one was found alive before: another may have its
    number. What is gone is withheld (``missed_after_restore``).
    """
    if seen.tombstone is not None:
        is_ours = state.is_leaving and seen.tombstone <= state.generation
        if is_ours or _is_of_earlier_stay(state, seen):
            return state
        is_ahead = seen.tombstone > state.generation
        generation = seen.tombstone if is_ahead else state.generation + LEAP
        ended = replace(state, desired=DesiredState.TERMINATED, generation=generation)
        return replace(ended, desired_at=now, started_at=None, withheld=False)
    if seen.absent:
        return replace(state, withheld=state.desired is not DesiredState.TERMINATED)
    is_known = seen.generation == state.generation == state.acknowledged
    if is_known or seen.generation > _FARTHEST:
        return replace(state, leaps=True)
    return replace(state, generation=max(state.generation, seen.generation) + LEAP)


_FARTHEST = 2**52
"""No agent counts so far: what says so lies, and must not push us beyond what the wire can carry."""


def _observed(state: WorkspaceState, seen: Sighting, now: float) -> WorkspaceState:
    live = _live_generation(state, seen)
    noted = replace(
        state,
        acknowledged=max(state.acknowledged, live if live <= state.generation else 0),
        epoch=seen.epoch,
        resource_version=seen.resource_version,
        live_generation=live,
        live_secrets_digest="" if seen.absent else seen.secrets_digest,
        spec_digest="" if seen.absent else seen.spec_digest,
        withheld=state.withheld and seen.absent,
    )
    return _shown(noted, *_interpreted(state, seen), now)


def _live_generation(state: WorkspaceState, seen: Sighting) -> int:
    """Return the generation that lives; a tombstone stands for it only where it was asked for."""
    if state.is_leaving:
        return seen.generation
    return 0 if seen.absent or seen.tombstone is not None else seen.generation


def _interpreted(state: WorkspaceState, seen: Sighting) -> tuple[ActualState, Reason | None]:
    """Return the state to show: the target's reading, unless it cannot be so."""
    if state.is_leaving and not state.withheld:
        return _interpreted_end(state, seen)
    if _is_of_earlier_stay(state, seen):
        return ActualState.CREATION_REQUESTED if seen.absent else ActualState.TERMINATING, None
    if seen.tombstone is not None:
        return ActualState.ERROR, reasons.TERMINATED_BY_OTHERS
    if seen.absent:
        return _interpreted_absence(state, seen)
    if seen.generation > state.generation:
        return ActualState.UNKNOWN, reasons.AHEAD
    if seen.actual is ActualState.TERMINATED:
        return ActualState.UNKNOWN, reasons.LOST
    return seen.actual, seen.reason


def _interpreted_end(state: WorkspaceState, seen: Sighting) -> tuple[ActualState, Reason | None]:
    if seen.absent and seen.tombstone == state.generation:
        return ActualState.TERMINATED, None
    if seen.absent or seen.actual is ActualState.TERMINATED:
        return ActualState.TERMINATING, None
    return seen.actual, seen.reason


def _interpreted_absence(
    state: WorkspaceState, seen: Sighting
) -> tuple[ActualState, Reason | None]:
    if state.withheld:
        return ActualState.UNKNOWN, reasons.WITHHELD
    if seen.actual is ActualState.ERROR:
        return ActualState.ERROR, seen.reason
    if state.was_here:
        return ActualState.UNKNOWN, seen.reason or reasons.LOST
    return state.actual, state.reason


def _is_of_earlier_stay(state: WorkspaceState, seen: Sighting) -> bool:
    """Whether the tombstone is of a removal from before the workspace came (back) to its agent."""
    return seen.tombstone is not None and state.stay > max(seen.tombstone, 1)


def _is_over_here(state: WorkspaceState, seen: Sighting) -> bool:
    """Whether an earlier removal has ended and only its tombstone is in the way."""
    return seen.absent and not state.is_leaving and _is_of_earlier_stay(state, seen)


def _shown(
    state: WorkspaceState, actual: ActualState, reason: Reason | None, now: float
) -> WorkspaceState:
    at = state.actual_at if actual is state.actual else now
    return replace(state, actual=actual, reason=reason, actual_at=at)


def _is_reached(state: WorkspaceState) -> bool:
    """Whether what the wish waits for is seen, of the very generation that asked for it."""
    effect = EFFECTS[state.desired]
    return (
        effect.then is not None
        and state.actual is effect.reached
        and state.live_generation == state.generation
    )
