"""After the store was restored from a backup: every agent reports before it obeys.

What is stored is older than what the clusters know. So a new era begins for each agent: nothing
that was said before binds, and the agent is given no order until it has reported everything.
"""

from collections.abc import Iterator

from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.agents.eras import epoch_in, next_era
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, Put
from chalicelib.records import agents, people
from chalicelib.usecases.audit.write import audit
from chalicelib.usecases.workspaces.telling import BERTH, Actor

_ATTEMPTS = 5


def begin_after_restore(ports: Ports) -> Iterator[Agent]:
    """Begin a new era for each agent of the installation that is not retired; yield each as it was.

    Doing it again is harmless: the agents report once more. Raises ConditionFailed where an agent
    is changed by others at every attempt.
    """
    for organisation_id in people.every_organisation(ports.store):
        for agent in agents.every_agent(ports.store, organisation_id):
            if agent.retired_at is None and _begin(ports, agent):
                yield agent


def era_after_restore(ports: Ports, agent: Agent) -> tuple[int, list[Put]]:
    """Return the epoch with which an agent's next era begins, and the audit record of that."""
    epoch = epoch_in(next_era(agent.epoch, ports.clock.now()), 0)
    actor = Actor(agent.organisation_id, BERTH)
    return epoch, audit(ports, actor, "agents:restored", agent.id)


def _begin(ports: Ports, agent: Agent) -> bool:
    for left in reversed(range(_ATTEMPTS)):
        epoch, record = era_after_restore(ports, agent)
        try:
            ports.store.transact([agents.restored(agent, epoch), *record])
        except ConditionFailed:
            if not left:
                raise
            found = agents.load(ports.store, agent.organisation_id, agent.id)
            if found is None or found.retired_at is not None:
                return False
            agent = found
        else:
            return True
    return False
