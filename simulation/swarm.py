"""What a seed is like: its size, its habits, and which faults it has.

Each seed leaves out about half of the kinds of faults and has the rest at rates of its own (swarm
testing: Groce et al., ISSTA 2012), so that one loud fault does not hide what another would find.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from simulation.dice import Dice
from simulation.faults import Fault

_RATES: dict[Fault, tuple[float, float]] = {
    Fault.STORE_BUSY: (0.005, 0.05),
    Fault.STORE_SLOW: (0.001, 0.01),
    Fault.KEYS_BUSY: (0.02, 0.2),
    Fault.DIES_BEFORE: (0.005, 0.05),
    Fault.DIES_AFTER: (0.005, 0.05),
    Fault.DIES_AT_ONCE: (0.002, 0.02),
    Fault.REQUEST_LOST: (0.01, 0.15),
    Fault.RESPONSE_LOST: (0.01, 0.15),
    Fault.DOUBLED: (0.01, 0.2),
    Fault.DELAYED: (0.01, 0.15),
    Fault.CUT_SHORT: (0.01, 0.1),
    Fault.TAMPERED: (0.05, 0.4),
    Fault.TOO_LARGE: (0.005, 0.05),
    Fault.TOO_MANY: (0.005, 0.1),
    Fault.BAD_GATEWAY: (0.005, 0.1),
    Fault.GATEWAY_TIMEOUT: (0.01, 0.1),
    Fault.CLUSTER_LOST_REQUEST: (0.002, 0.05),
    Fault.CLUSTER_LOST_RESPONSE: (0.002, 0.05),
    Fault.CLUSTER_BUSY: (0.002, 0.05),
    Fault.CLUSTER_ERROR: (0.002, 0.05),
    Fault.CLUSTER_SLOW: (0.002, 0.02),
    Fault.CLUSTER_REFUSES: (0.002, 0.03),
    Fault.STALE_LIST: (0.05, 0.5),
    Fault.WATCH_CUT: (0.005, 0.05),
    Fault.WATCH_LATE: (0.01, 0.1),
    Fault.RIGHTS_LATE: (0.05, 0.5),
    Fault.COMPACTED: (0.02, 0.2),
    Fault.ADMIN_EDIT: (0.02, 0.15),
    Fault.AGENT_DIES: (0.01, 0.1),
    Fault.AGENT_LEAVES: (0.01, 0.1),
    Fault.AGENT_FREEZES: (0.01, 0.08),
    Fault.CLOCK_JUMPS: (0.01, 0.1),
    Fault.WAKE_UP_LOST: (0.05, 0.5),
    Fault.WAKE_UP_LATE: (0.05, 0.5),
    Fault.WAKE_UP_DOUBLED: (0.05, 0.5),
    Fault.CHANNEL_BREAKS: (0.02, 0.3),
}
"""Lowest and highest rate of a kind, where a seed has it: a draw at each place where it can happen,
for the kinds from ``STALE_LIST`` on (but watches) at each round of fate."""

_BYZANTINE = 0.2


@dataclass(frozen=True, slots=True)
class Swarm:
    """The parameters of one seed. Times in seconds of virtual time."""

    seed: int
    tenants: int
    agents: int
    replicas: int
    """Pods of each agent; one leads."""
    people: int
    actions: int
    """Of each person, before the world calms down."""
    think: float
    """Mean pause of a person between two actions."""
    idle_poll: float
    full_sync: float
    longest_run: int
    answer_bytes: int
    """Of the orders in one answer; small ones make pages."""
    page: int
    """Reports in one request of an agent."""
    quota_per_user: int
    quota_per_agent: int
    unruly: bool
    """Whether pods, volumes and nodes of the clusters misbehave."""
    byzantine: bool
    orphans: bool = False
    """Whether clusters hold namespaces that nobody owns."""
    disaster: bool = False
    """Whether the store is lost, and restored from a backup."""
    moves: bool = False
    """Whether people move workspaces, and owners cordon and drain agents."""
    rotations: bool = False
    """Whether owners give agents new tokens."""
    old_servers: bool = False
    """Whether API servers know no streaming lists, answer lists in small pages, and tell of a
    version that they forgot by a status."""
    rates: dict[Fault, float] = field(default_factory=dict)
    wakes: bool = False
    """Whether agents are woken; otherwise they only poll."""


def drawn(dice: Dice) -> Swarm:
    """Draw a seed's parameters."""
    chance = dice.stream("swarm")
    tenants = chance.choice((1, 1, 2))
    byzantine = chance.random() < _BYZANTINE
    full_sync = chance.choice((60.0, 120.0, 600.0, 3600.0))
    disaster = full_sync <= 120 and chance.random() < 0.3
    return Swarm(
        seed=dice.seed,
        tenants=tenants,
        agents=chance.choice((1, 1, 2)),
        replicas=chance.choice((1, 1, 2, 3)),
        people=chance.randint(1, 3),
        actions=chance.randint(2, 6),
        think=chance.choice((1.0, 5.0, 20.0)),
        idle_poll=chance.choice((1.0, 5.0, 10.0, 30.0)),
        full_sync=full_sync,
        longest_run=chance.choice((0, 0, 60, 300)),
        answer_bytes=chance.choice((3 * 1024 * 1024, 3 * 1024 * 1024, 30_000, 1)),
        page=chance.choice((500, 500, 3, 1)),
        quota_per_user=chance.randint(1, 4),
        quota_per_agent=chance.randint(2, 6),
        unruly=chance.random() < 0.5,
        # Orphans are judged by full transfers: with rare ones a seed would take long.
        orphans=full_sync <= 120 and chance.random() < 0.4,
        disaster=disaster,
        # A store that is set back does not know what moved since: a decision of its own (0023).
        moves=not disaster and chance.random() < 0.7,
        rotations=chance.random() < 0.2,
        old_servers=chance.random() < 0.3,
        byzantine=byzantine,
        rates=_rates(chance),
        wakes=chance.random() < 0.5,
    )


def _rates(chance: random.Random) -> dict[Fault, float]:
    loud = chance.choice((0.3, 1.0, 1.0))
    return {
        fault: chance.uniform(low, high) * loud
        for fault, (low, high) in _RATES.items()
        if chance.random() < 0.5
    }
