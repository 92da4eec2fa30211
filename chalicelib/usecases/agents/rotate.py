"""Giving an agent a new token while the old one still holds for a while."""

from dataclasses import replace

from chalicelib.domain.access.credentials import TokenKind
from chalicelib.domain.access.roles import Person
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.agents.eras import epoch_in, next_era
from chalicelib.domain.errors import Clash
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import agents, idempotency
from chalicelib.records.idempotency import Attempt
from chalicelib.usecases.access.mint import mint, new_seed
from chalicelib.usecases.agents.change import agent_to_change
from chalicelib.usecases.agents.register import AgentWithToken, agent_made_before
from chalicelib.usecases.audit.write import audit

OVERLAP_SECONDS = 24 * 3600


def rotate_agent(
    ports: Ports,
    person: Person,
    agent_id: str,
    *,
    overlap_seconds: int = OVERLAP_SECONDS,
    attempt: Attempt | None = None,
) -> AgentWithToken:
    """Make a new token. The newest one before holds for ``overlap_seconds``, any older one no more;
    0 revokes at once, for a token that leaked, and begins a new era: whatever was said with it, in
    whichever epoch, fences nobody and is older than what the agent says now."""
    agent = agent_to_change(ports, person, agent_id)
    if (earlier := idempotency.find(ports.store, attempt)) is not None:
        return agent_made_before(ports, person, earlier)
    seed = new_seed(ports)
    minted = mint(ports.signer, TokenKind.AGENT, agent.organisation_id, agent_id, seed=seed)
    newest = [digest for digest, until in agent.token_digests if until is None]
    dies = ports.clock.now() + overlap_seconds
    digests: list[tuple[bytes, float | None]] = [(minted.digest, None)]
    digests += [(digest, dies) for digest in newest if overlap_seconds]
    try:
        ports.store.transact(
            [
                agents.change_tokens(agent, digests, epoch=_begun(ports, agent, overlap_seconds)),
                *audit(ports, person, "agents:rotate", agent_id),
                *idempotency.put(attempt, f"{agent_id} {seed}"),
            ]
        )
    except ConditionFailed as error:
        if (earlier := idempotency.find(ports.store, attempt)) is not None:
            return agent_made_before(ports, person, earlier)
        message = "Somebody else changed the agent at the same time. Read it and try again."
        raise Clash("changed-meanwhile", message) from error
    return AgentWithToken(replace(agent, token_digests=tuple(digests)), minted.text)


def _begun(ports: Ports, agent: Agent, overlap_seconds: int) -> int | None:
    if overlap_seconds:
        return None
    return epoch_in(next_era(agent.epoch, ports.clock.now()), 0)
