"""How agents are heard, and how old the oldest wish is: counted by the sweep, never by a request."""

from collections import Counter
from collections.abc import Callable

from chalicelib.domain.agents.presence import Presence, presence_of
from chalicelib.ports.bundle import Ports
from chalicelib.ports.metrics import (
    AGENTS_LATE,
    AGENTS_LOST,
    AGENTS_ONLINE,
    OLDEST_INTENT,
    Figures,
)
from chalicelib.ports.store import StoreBusy
from chalicelib.records import agents, pending, people
from chalicelib.records.placement import placement_under

STOP_AT_SECONDS = 5.0

_OF = {
    Presence.ONLINE: AGENTS_ONLINE,
    Presence.LATE: AGENTS_LATE,
    Presence.LOST: AGENTS_LOST,
}


def take_census(ports: Ports, *, remaining: Callable[[], float]) -> Figures:
    """Count all agents; one read for each, and one for some 25 people. Nothing is said where time is
    short or the store busy: half a count would be a wrong one.

    A lost agent's wishes are not counted: that it is lost is a figure of its own.
    """
    now, interval = ports.clock.now(), ports.site.longest_poll_ms
    found: Counter[Presence] = Counter()
    oldest = now
    try:
        for organisation_id in people.every_organisation(ports.store):
            for agent in agents.every_agent(ports.store, organisation_id):
                if remaining() < STOP_AT_SECONDS:
                    return {}
                presence = presence_of(agent, now, interval)
                if presence is None:
                    continue
                found[presence] += 1
                if presence is not Presence.LOST:
                    rows = pending.load_all(ports.store, placement_under(agent))
                    oldest = min([oldest, *(row.since for row in rows if row.has_order)])
    except StoreBusy:
        return {}
    return {metric: found[presence] for presence, metric in _OF.items()} | {
        OLDEST_INTENT: round(now - oldest, 1)
    }
