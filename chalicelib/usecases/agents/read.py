"""Reading agents."""

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Missing
from chalicelib.ports.bundle import Ports
from chalicelib.records import agents
from chalicelib.records.agents import AgentPage
from chalicelib.usecases.access.permission import require


def list_agents(ports: Ports, person: Person, *, after: str | None, limit: int) -> AgentPage:
    """Return a page of the organisation's agents, retired ones too."""
    require(person, Action.AGENTS_READ)
    return agents.load_page(ports.store, person.organisation_id, after=after, limit=limit)


def show_agent(ports: Ports, person: Person, agent_id: str) -> Agent:
    """Return one agent."""
    require(person, Action.AGENTS_READ)
    return find_agent(ports, person, agent_id)


def find_agent(ports: Ports, person: Person, agent_id: str) -> Agent:
    """Return the agent of the person's organisation. Raises Missing."""
    agent = agents.load(ports.store, person.organisation_id, agent_id)
    if agent is None:
        raise Missing("no-such-agent", "There is no such agent.")
    return agent
