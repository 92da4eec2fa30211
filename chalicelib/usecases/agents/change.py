"""Changing an agent's name and settings, and retiring it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.agents.check import problems_of
from chalicelib.domain.errors import Clash, Invalid
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, Update
from chalicelib.records import agents
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.agents.read import find_agent
from chalicelib.usecases.agents.wake_ups import forget
from chalicelib.usecases.audit.write import audit


def change_agent(
    ports: Ports,
    person: Person,
    agent_id: str,
    *,
    name: str | None,
    changes: Mapping[str, Any] | None,
) -> Agent:
    """Change what is given; ``changes`` are fields of the settings. The agent hears at its next call."""
    agent = agent_to_change(ports, person, agent_id)
    after = replace(
        agent, name=name or agent.name, settings=replace(agent.settings, **(changes or {}))
    )
    if problems := problems_of(after.settings):
        raise Invalid("agent-settings", "The agent's settings cannot be taken.", problems)
    write = agents.change_settings(agent, after.name, after.settings)
    _carry_out(ports, person, agent, write, "agents:change")
    return replace(after, version=agent.version + 1)


def retire_agent(ports: Ports, person: Person, agent_id: str) -> Agent:
    """Retire the agent: its tokens and its proxy's fail from the next call on."""
    require(person, Action.AGENTS_CHANGE)
    agent = find_agent(ports, person, agent_id)
    if agent.retired_at is not None:
        return agent
    now = ports.clock.now()
    _carry_out(ports, person, agent, agents.retire(agent, now), "agents:retire")
    forget(ports, agent)
    return replace(agent, retired_at=now, token_digests=(), version=agent.version + 1)


def cordon_agent(ports: Ports, person: Person, agent_id: str) -> Agent:
    """Give the agent no new workspace from now on; those that it has go on, and may be started."""
    agent = agent_to_change(ports, person, agent_id)
    if agent.cordoned:
        return agent
    write = agents.cordon(agent, cordoned=True, draining=False)
    _carry_out(ports, person, agent, write, "agents:cordon")
    return replace(agent, cordoned=True, version=agent.version + 1)


def uncordon_agent(ports: Ports, person: Person, agent_id: str) -> Agent:
    """Let the agent have new workspaces again, and end its drain; what was stopped stays so."""
    agent = agent_to_change(ports, person, agent_id)
    if not agent.cordoned:
        return agent
    write = agents.cordon(agent, cordoned=False, draining=False)
    _carry_out(ports, person, agent, write, "agents:uncordon")
    return replace(agent, cordoned=False, draining=False, version=agent.version + 1)


def agent_to_change(ports: Ports, person: Person, agent_id: str) -> Agent:
    """Return an agent that may still be changed, if the person may."""
    require(person, Action.AGENTS_CHANGE)
    agent = find_agent(ports, person, agent_id)
    if agent.retired_at is not None:
        raise Clash("agent-retired", "The agent is retired; register a new one.")
    return agent


def _carry_out(ports: Ports, person: Person, agent: Agent, write: Update, action: str) -> None:
    try:
        ports.store.transact([write, *audit(ports, person, action, agent.id)])
    except ConditionFailed as error:
        message = "Somebody else changed the agent at the same time. Read it and try again."
        raise Clash("changed-meanwhile", message) from error
