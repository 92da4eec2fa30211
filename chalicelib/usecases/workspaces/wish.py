"""Writing a change of the desired state, whoever makes it: a person, the sweep, the owner's leaving."""

from dataclasses import dataclass, replace

from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.lifecycle import next_look
from chalicelib.domain.workspaces.states import EFFECTS, DesiredState
from chalicelib.domain.workspaces.transitions import want
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.records.changes import Change, commit
from chalicelib.records.placement import Placement
from chalicelib.usecases.audit.write import audit_record
from chalicelib.usecases.workspaces.telling import Actor, event


@dataclass(frozen=True, slots=True)
class Wish:
    """Who wants what, and how the timeline says it. ``cause`` is for programs; ``detail`` is what the
    audit log says, by default from what to what."""

    desired: DesiredState
    actor: str
    message: str
    cause: str
    detail: str = ""


def make_wish(
    ports: Ports,
    settings: OrganisationSettings,
    placement: Placement,
    state: WorkspaceState,
    wish: Wish,
) -> WorkspaceState:
    """Write the wish and return the state after it; the same state when it was wished already.

    Raises Clash once the workspace is to be terminated, ConditionFailed when it changed meanwhile,
    or (with the agent's key) when it would start on an agent that is drained.
    """
    after = want(state, wish.desired, ports.clock.now())
    if after is None:
        return state
    change = Change(placement, state, after, is_start=runs(after.desired))
    return accept(ports, settings, change, wish)


def accept(
    ports: Ports, settings: OrganisationSettings, change: Change, wish: Wish
) -> WorkspaceState:
    """Write a change of the desired state with what is told of it, and return the state after it.

    Raises ConditionFailed as ``make_wish``, and for what is written beside it.
    """
    after = looked(change.after, settings, ports.clock.now())
    told = event(ports, after, kind=f"desired-{wish.cause}", message=wish.message, actor=wish.actor)
    record = audit_record(
        ports,
        Actor(change.placement.organisation_id, wish.actor),
        f"workspaces:{wish.cause}",
        after.workspace_id,
        detail=wish.detail or f"{change.before.desired.value} to {after.desired.value}",
        generation=after.generation,
    )
    return commit(ports.store, replace(change, after=after, events=(told,), audits=(record,)))


def runs(desired: DesiredState) -> bool:
    """Whether the workspace is to run, at once or after a stop."""
    effect = EFFECTS[desired]
    return bool(effect.replicas) or effect.then is not None


def looked(state: WorkspaceState, settings: OrganisationSettings, now: float) -> WorkspaceState:
    """Return the state with the time at which the sweep has to look at it next."""
    return replace(state, look_at=next_look(state, settings, now))
