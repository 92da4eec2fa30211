"""Registering an agent."""

from dataclasses import dataclass, field

from chalicelib.domain.access.credentials import TokenKind
from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.agents.agent import Agent, AgentSettings
from chalicelib.domain.agents.check import problems_of
from chalicelib.domain.errors import Invalid, Missing
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import agents, idempotency
from chalicelib.records.idempotency import Attempt
from chalicelib.usecases.access.mint import mint, new_id, new_seed
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import audit


@dataclass(frozen=True, slots=True)
class AgentWithToken:
    """An agent, and the token that was made for it, which is shown once."""

    agent: Agent
    token: str = field(repr=False)


def register_agent(
    ports: Ports,
    person: Person,
    *,
    name: str,
    settings: AgentSettings,
    attempt: Attempt | None = None,
) -> AgentWithToken:
    """Register an agent and make its first token."""
    require(person, Action.AGENTS_CHANGE)
    if problems := problems_of(settings):
        raise Invalid("agent-settings", "The agent's settings cannot be taken.", problems)
    if (earlier := idempotency.find(ports.store, attempt)) is not None:
        return agent_made_before(ports, person, earlier)
    agent_id, seed = new_id(ports, "ag"), new_seed(ports)
    minted = mint(ports.signer, TokenKind.AGENT, person.organisation_id, agent_id, seed=seed)
    agent = Agent(
        id=agent_id,
        organisation_id=person.organisation_id,
        name=name,
        settings=settings,
        version=1,
        created_at=ports.clock.now(),
        token_digests=((minted.digest, None),),
    )
    try:
        ports.store.transact(
            [
                agents.put_new(agent),
                *audit(ports, person, "agents:register", agent_id, is_new=True),
                *idempotency.put(attempt, f"{agent_id} {seed}"),
            ]
        )
    except ConditionFailed:
        if (earlier := idempotency.find(ports.store, attempt)) is None:
            raise
        return agent_made_before(ports, person, earlier)
    return AgentWithToken(agent, minted.text)


def agent_made_before(ports: Ports, person: Person, earlier: str) -> AgentWithToken:
    """Return the agent and the very token that an earlier attempt of the same request made."""
    agent_id, _, seed = earlier.partition(" ")
    agent = agents.load(ports.store, person.organisation_id, agent_id)
    if agent is None:
        raise Missing("no-such-agent", "There is no such agent.")
    minted = mint(ports.signer, TokenKind.AGENT, agent.organisation_id, agent_id, seed=seed)
    return AgentWithToken(agent, minted.text)
