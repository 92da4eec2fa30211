"""Agents, as owners see them."""

from typing import Any

from pydantic import Field, create_model

from chalicelib.api.call import Call
from chalicelib.api.values import (
    Closed,
    Label,
    Listing,
    Paging,
    Shown,
    after,
    following,
    moment,
    moment_or_none,
    optional_fields,
)
from chalicelib.domain.agents.agent import Agent, AgentSettings
from chalicelib.domain.agents.presence import is_online
from chalicelib.ports.bundle import Ports
from chalicelib.usecases.agents.change import (
    change_agent,
    cordon_agent,
    retire_agent,
    uncordon_agent,
)
from chalicelib.usecases.agents.drain import drain_agent
from chalicelib.usecases.agents.read import list_agents, show_agent
from chalicelib.usecases.agents.register import AgentWithToken, register_agent
from chalicelib.usecases.agents.rotate import OVERLAP_SECONDS, rotate_agent

SettingsChange = create_model(
    "AgentSettingsChange", __base__=Closed, **optional_fields(AgentSettings)
)


class ShownAgent(Shown):
    """An agent; ``online`` when it was heard within three of its intervals. A ``cordoned`` one takes
    no new workspace; one that is ``draining`` starts none either."""

    id: str
    name: str
    settings: AgentSettings
    created_at: str
    retired_at: str | None
    heard_at: str | None
    online: bool
    cordoned: bool
    draining: bool
    instance: str
    software: str


class NewShownAgent(ShownAgent):
    """An agent and a new token of it, which is shown this once."""

    token: str


class ShownDrain(ShownAgent):
    """An agent that is drained, and what is left on it: workspaces that nobody asked to stop yet, and
    those that were asked and have not stopped. Berth goes on by itself; asking again tells anew."""

    unasked: int
    stopping: int


class NewAgent(Closed):
    """An agent to register."""

    name: Label
    settings: AgentSettings


class AgentChange(Closed):
    """What to change of an agent; settings that are not named stay."""

    name: Label | None = None
    settings: SettingsChange | None = None


class Rotation(Closed):
    """How long the token before still holds, in seconds; 0 ends it at once."""

    overlap_seconds: int = Field(default=OVERLAP_SECONDS, ge=0, le=7 * 24 * 3600)


class Retirement(Closed):
    """Nothing is asked."""


def get_agents(call: Call, query: Paging) -> Listing[ShownAgent]:
    """List the organisation's agents, retired ones too."""
    ports, person = call.ports, call.person
    page = list_agents(
        ports, person, after=after(ports, person, "agents", query.cursor), limit=query.limit
    )
    items = tuple(ShownAgent(**_shown(ports, agent)) for agent in page.agents)
    return Listing[ShownAgent](items=items, next=following(ports, person, "agents", page.next))


def post_agent(call: Call, body: NewAgent) -> NewShownAgent:
    """Register an agent. Its token is shown this once. For owners."""
    made = register_agent(
        call.ports, call.person, name=body.name, settings=body.settings, attempt=call.attempt
    )
    return _with_token(call.ports, made)


def get_agent(call: Call, agent_id: str) -> ShownAgent:
    """Show an agent."""
    return ShownAgent(**_shown(call.ports, show_agent(call.ports, call.person, agent_id)))


def patch_agent(call: Call, agent_id: str, body: AgentChange) -> ShownAgent:
    """Change an agent's name or settings. For owners."""
    changes = None if body.settings is None else body.settings.given()
    changed = change_agent(call.ports, call.person, agent_id, name=body.name, changes=changes)
    return ShownAgent(**_shown(call.ports, changed))


def post_rotation(call: Call, agent_id: str, body: Rotation) -> NewShownAgent:
    """Give an agent a new token, while the one before holds a little longer. For owners."""
    made = rotate_agent(
        call.ports,
        call.person,
        agent_id,
        overlap_seconds=body.overlap_seconds,
        attempt=call.attempt,
    )
    return _with_token(call.ports, made)


def post_retirement(call: Call, agent_id: str, body: Retirement) -> ShownAgent:
    """Retire an agent: its tokens and its proxy's end at once. For owners."""
    del body
    return ShownAgent(**_shown(call.ports, retire_agent(call.ports, call.person, agent_id)))


def post_cordon(call: Call, agent_id: str) -> ShownAgent:
    """Give an agent no new workspace; those that it has go on. For owners."""
    return ShownAgent(**_shown(call.ports, cordon_agent(call.ports, call.person, agent_id)))


def post_uncordon(call: Call, agent_id: str) -> ShownAgent:
    """Let an agent have new workspaces again, and end its drain. For owners."""
    return ShownAgent(**_shown(call.ports, uncordon_agent(call.ports, call.person, agent_id)))


def post_drain(call: Call, agent_id: str) -> ShownDrain:
    """Cordon an agent and stop what it has; ask again to see what is left. For owners."""
    drain = drain_agent(
        call.ports, call.person, agent_id, attempt=call.attempt, remaining=call.remaining
    )
    shown = _shown(call.ports, drain.agent)
    return ShownDrain(**shown, unasked=drain.unasked, stopping=drain.stopping)


def _with_token(ports: Ports, made: AgentWithToken) -> NewShownAgent:
    return NewShownAgent(**_shown(ports, made.agent), token=made.token)


def _shown(ports: Ports, agent: Agent) -> dict[str, Any]:
    return {
        "id": agent.id,
        "name": agent.name,
        "settings": agent.settings,
        "created_at": moment(agent.created_at),
        "retired_at": moment_or_none(agent.retired_at),
        "heard_at": moment_or_none(agent.heard_at),
        "online": is_online(agent, ports.clock.now(), ports.site.longest_poll_ms),
        "cordoned": agent.cordoned,
        "draining": agent.draining,
        "instance": agent.instance,
        "software": agent.software,
    }
