"""Whether an agent is there. Shown beside the states of its workspaces, which it never overwrites."""

from enum import Enum

from chalicelib.domain.agents.agent import Agent

NOTE_EVERY = 60.0
"""Seconds. ``heard_at`` is written at most so often, so that an idle agent costs no writes."""

LOST_AFTER = 900.0
"""Seconds of silence after which somebody should look."""

_MISSED = 3


class Presence(Enum):
    """How an agent is heard that was ever heard and is not retired."""

    ONLINE = "online"
    LATE = "late"
    LOST = "lost"


def is_worth_noting(agent: Agent, now: float) -> bool:
    """Whether ``heard_at`` is old enough to be written again."""
    return agent.heard_at is None or now - agent.heard_at >= NOTE_EVERY


def is_online(agent: Agent, now: float, interval_ms: int) -> bool:
    """Whether the agent was heard within three of its intervals, as far as ``heard_at`` can tell."""
    if agent.retired_at is not None or agent.heard_at is None:
        return False
    return now - agent.heard_at <= NOTE_EVERY + _MISSED * interval_ms / 1000


def presence_of(agent: Agent, now: float, interval_ms: int) -> Presence | None:
    """Return how the agent is heard; None where nothing is to be heard of it: it is retired, or was
    never installed."""
    if agent.retired_at is not None or agent.heard_at is None:
        return None
    if is_online(agent, now, interval_ms):
        return Presence.ONLINE
    return Presence.LOST if now - agent.heard_at >= LOST_AFTER else Presence.LATE
