"""An agent's first message: who leads its cluster now, answered with what its proxy is made of."""

from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.agents.eras import epoch_in
from chalicelib.domain.errors import Clash
from chalicelib.domain.targets.kubernetes.proxy import ProxySite, render_proxy
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import agents
from chalicelib.usecases.access.mint import proxy_token
from chalicelib.wire.canonical import digest_of
from chalicelib.wire.reconcile import PrerequisitesRequest, PrerequisitesResponse


def prerequisites(
    ports: Ports, agent: Agent, request: PrerequisitesRequest
) -> PrerequisitesResponse:
    """Write down who asks and return the proxy's objects, its credential among them.

    Raises Clash (``fenced``) when a newer instance has taken over.
    """
    epoch = epoch_in(agent.era, request.epoch)
    leader = agents.Leader(epoch, request.instance, request.version, request.namespace)
    try:
        ports.store.write(agents.introduced(agent, leader, ports.clock.now()))
    except ConditionFailed as error:
        raise Clash("fenced", "A newer instance of this agent has taken over.") from error
    objects = render_proxy(
        ProxySite(
            agent_id=agent.id,
            namespace=request.namespace,
            settings=agent.settings,
            public_url=ports.site.public_url,
            token=proxy_token(ports.signer, agent),
        )
    )
    return PrerequisitesResponse(objects=objects, digest=digest_of(objects), era=agent.era)
