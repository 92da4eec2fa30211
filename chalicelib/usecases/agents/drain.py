"""Draining an agent: it takes nothing new, starts nothing, and what it has is stopped.

A request marks the agent and asks for as many stops as its time allows; the sweep goes on. What is
to be done is read from the states each time, so that nobody needs to remember how far it came.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from chalicelib.domain.access.roles import Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Clash
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.workspaces.states import EFFECTS, ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import agents, drains, idempotency, organisations, states
from chalicelib.records.idempotency import Attempt
from chalicelib.records.placement import placement_under
from chalicelib.usecases.agents.change import agent_to_change
from chalicelib.usecases.audit.write import audit
from chalicelib.usecases.workspaces.telling import BERTH
from chalicelib.usecases.workspaces.wish import Wish, make_wish, runs

STOP_AT_SECONDS = 5.0
_BATCH = 50
"""Stops between two looks at whether the agent is still to be drained."""
_STOP = Wish(
    DesiredState.STOPPED,
    BERTH,
    "Stopped because its agent is being drained. Its volume is kept.",
    "drained",
)


@dataclass(frozen=True, slots=True)
class Drain:
    """How far a drain came: workspaces that nobody asked to stop yet, and those that were asked (or
    terminated) and did not get there."""

    agent: Agent
    unasked: int
    stopping: int


def drain_agent(
    ports: Ports,
    person: Person,
    agent_id: str,
    *,
    attempt: Attempt | None = None,
    remaining: Callable[[], float],
) -> Drain:
    """Cordon the agent, stop what it has as far as time allows, and tell what is left.

    Asking again goes on, and changes nothing once all is stopped. Raises Clash for a retired agent.
    """
    agent = agent_to_change(ports, person, agent_id)
    begins = not agent.draining and idempotency.find(ports.store, attempt) is None
    if begins:
        _begin(ports, person, agent, attempt)
    drain = _go_on(ports, agent_to_change(ports, person, agent_id), remaining)
    if begins and not drain.unasked:
        with suppress(ConditionFailed):  # the next sweep finds that nothing is left
            ports.store.transact(drains.drop(drain.agent))
    return drain


def go_on_draining(
    ports: Ports, organisation_id: str, agent_id: str, *, remaining: Callable[[], float]
) -> None:
    """Stop more of what the agent has; the last time, forget that there is something to do."""
    agent = agents.load(ports.store, organisation_id, agent_id)
    if agent is None:
        ports.store.write(drains.forget(organisation_id, agent_id))
        return
    is_over = agent.retired_at is not None or not agent.draining
    if is_over or not _go_on(ports, agent, remaining).unasked:
        ports.store.transact(drains.drop(agent))


def _begin(ports: Ports, person: Person, agent: Agent, attempt: Attempt | None) -> None:
    try:
        ports.store.transact(
            [
                agents.cordon(agent, cordoned=True, draining=True),
                drains.put(agent),
                *audit(ports, person, "agents:drain", agent.id),
                *idempotency.put(attempt, agent.id),
            ]
        )
    except ConditionFailed as error:
        message = "Somebody else changed the agent at the same time. Read it and try again."
        raise Clash("changed-meanwhile", message) from error


def _go_on(ports: Ports, agent: Agent, remaining: Callable[[], float]) -> Drain:
    found = list(states.load_all(ports.store, placement_under(agent)))
    to_stop = [state for state in found if runs(state.desired) and not state.withheld]
    asked = _stop(ports, agent, to_stop, remaining) if agent.draining else 0
    moving = sum(not _is_at_rest(state) for state in found)
    return Drain(agent, unasked=len(to_stop) - asked, stopping=moving - len(to_stop) + asked)


def _stop(
    ports: Ports, agent: Agent, found: Sequence[WorkspaceState], remaining: Callable[[], float]
) -> int:
    """Ask for stops until time is up or nobody wants them any more, and return for how many."""
    settings = organisations.load(ports.store, agent.organisation_id).settings
    asked = 0
    for place, state in enumerate(found):
        if remaining() < STOP_AT_SECONDS or (place % _BATCH == 0 and not _is_on(ports, agent)):
            break
        asked += _ask(ports, agent, settings, state)
    return asked


def _ask(ports: Ports, agent: Agent, settings: OrganisationSettings, state: WorkspaceState) -> bool:
    try:
        make_wish(ports, settings, placement_under(agent), state, _STOP)
    except ConditionFailed:
        return False  # it changed meanwhile, and is met again
    return True


def _is_on(ports: Ports, agent: Agent) -> bool:
    found = agents.load(ports.store, agent.organisation_id, agent.id)
    return found is not None and found.draining


def _is_at_rest(state: WorkspaceState) -> bool:
    """Whether the workspace has nothing in the cluster that runs or is under way."""
    if state.withheld or state.actual is ActualState.TERMINATED:
        return True
    is_reached = state.actual is EFFECTS[state.desired].reached
    return state.desired is DesiredState.STOPPED and is_reached
