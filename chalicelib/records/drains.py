"""Rows that say which agents are being drained, for the sweep. Ids only: the agent's item decides."""

from collections.abc import Iterator

from chalicelib.domain.agents.agent import Agent
from chalicelib.ports.store import Delete, Item, Put, Store, Write
from chalicelib.records import agents, keys
from chalicelib.records.attributes import SCHEMA
from chalicelib.records.pages import every_item


def put(agent: Agent) -> Put:
    """Write that the agent is being drained."""
    return Put(Item(keys.drain(agent.organisation_id, agent.id), {"v": SCHEMA}))


def load_all(store: Store) -> Iterator[tuple[str, str]]:
    """Yield organisation and id of each agent that is being drained. One read while there is none."""
    for item in every_item(store, keys.DRAINS, ""):
        yield keys.drain_parts(item.key.sort)


def drop(agent: Agent) -> list[Write]:
    """Write that nothing on the agent is left to be asked; fails when the agent changed meanwhile,
    as by a drain that begins anew."""
    return [forget(agent.organisation_id, agent.id), agents.unchanged(agent)]


def forget(organisation_id: str, agent_id: str) -> Delete:
    """Remove the row of an agent that is not there."""
    return Delete(keys.drain(organisation_id, agent_id))
