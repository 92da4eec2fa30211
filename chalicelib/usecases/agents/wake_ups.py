"""Wake-ups as an agent sees them: where it listens, what that spares it, and the question that is held."""

from collections.abc import Callable

from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Missing
from chalicelib.log import class_of, log
from chalicelib.ports.bundle import Ports, Site
from chalicelib.wire.reconcile import ReconcileRequest, WakeChannel, WakeResponse

HOLD_SECONDS = 15.0
"""How long a question is held at most: no connection falls silent for longer."""
_RESERVE = 2.0


def channel_for(ports: Ports, agent: Agent, request: ReconcileRequest) -> WakeChannel | None:
    """Return where the agent listens from now on, if it asks; without one it polls."""
    if request.listening is not False:
        return None
    try:
        return ports.waker.channel(agent.id)
    except Exception as error:  # noqa: BLE001 - agents that poll miss nothing
        log("no-wake-channel", agent_id=agent.id, error=class_of(error))
        return None


def idle_poll_ms(site: Site, request: ReconcileRequest) -> int:
    """Return how long the agent waits before it asks again with nothing under way."""
    return site.listening_poll_ms if request.listening else site.idle_poll_ms


def hold(ports: Ports, agent: Agent, *, remaining: Callable[[], float]) -> WakeResponse:
    """Answer once there is something to ask for, or after a while.

    Raises Missing where agents do not listen at the control plane itself.
    """
    woken = ports.waker.hold(agent.id, min(HOLD_SECONDS, remaining() - _RESERVE))
    if woken is None:
        raise Missing("no-such-route", "Agents do not listen here.")
    return WakeResponse(woken=woken)


def forget(ports: Ports, agent: Agent) -> None:
    """Keep no channel of an agent that is no more; what stays of it costs nothing and hears nothing."""
    try:
        ports.waker.forget(agent.id)
    except Exception as error:  # noqa: BLE001 - the agent is retired whatever becomes of its channel
        log("channel-left", agent_id=agent.id, error=class_of(error))
