"""How a cluster behaves: the rate of each misfortune and how long things take. A seed draws it."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import Any

Span = tuple[float, float]
"""Shortest and longest, in seconds."""


@dataclass(frozen=True, slots=True)
class Weather:
    """Rates are probabilities in [0, 1]: of each attempt, unless something else is said.

    The defaults are a calm day: nothing goes wrong. What went wrong before heals at its next attempt,
    so a cluster whose weather turns calm comes to rest, at the latest after ``backoff_cap``.
    """

    reaction: Span = (0.01, 0.2)
    """From a change to what a controller does about it."""
    scheduling: Span = (0.01, 0.3)
    attaching: Span = (0.1, 2.0)
    pulling: Span = (0.1, 3.0)
    cloning: Span = (0.2, 5.0)
    """How long an init container runs."""
    readiness: Span = (0.5, 3.0)
    stopping: Span = (0.1, 3.0)
    binding: Span = (0.05, 1.0)
    namespace_step: Span = (0.2, 3.0)
    """Between two steps of emptying a namespace."""
    collection: Span = (0.05, 2.0)
    """From an owner's end to that of what it owned."""
    backoff_cap: float = 300.0
    """Longest delay between two attempts at an image or a crashing container."""
    event_lifetime: float = 3600.0
    nodes: int = 2

    sluggish: float = 0.0
    """A controller reacts only after ``sluggishness``."""
    sluggishness: Span = (5.0, 40.0)
    unschedulable: float = 0.0
    attach_failure: float = 0.0
    mount_failure: float = 0.0
    pull_failure: float = 0.0
    clone_failure: float = 0.0
    """An init container ends with an error."""
    config_failure: float = 0.0
    crash: float = 0.0
    """Of each start: the container ends with an error before it is ready."""
    late_crash: float = 0.0
    """Of each start: it ends with an error some time after it was ready."""
    out_of_memory: float = 0.0
    """Of each crash: it was for want of memory."""
    eviction: float = 0.0
    """Of each pod that became ready: it is evicted some time later."""
    late_after: Span = (5.0, 300.0)
    """How long after it was ready."""
    slow_stop: float = 0.0
    """A pod takes its whole grace period, or the node is lost for a while."""
    lost_node: Span = (30.0, 300.0)
    provisioning_failure: float = 0.0
    pod_refusal: float = 0.0
    """Quota or Pod Security refuses a new pod."""
    stuck_namespace: float = 0.0
    """Of each step: something in it resists for a while."""
    stuck_for: Span = (20.0, 300.0)
    meddling: float = 0.0
    """Of each ``meddling_every``: an administrator changes something by hand."""
    meddling_every: float = 30.0


CALM = Weather()

_RATES = (
    "sluggish", "unschedulable", "attach_failure", "mount_failure", "pull_failure", "clone_failure",
    "config_failure", "crash", "late_crash", "out_of_memory", "eviction", "slow_stop",
    "provisioning_failure", "pod_refusal", "stuck_namespace", "meddling",
)  # fmt: skip
_SEVEREST = 0.5


def drawn(chance: random.Random) -> Weather:
    """Draw weather: about half of the misfortunes are off, the others between rare and every second."""
    rates: dict[str, Any] = {
        name: round(_SEVEREST * chance.random() ** 2, 4) if chance.random() < 0.5 else 0.0
        for name in _RATES
    }
    rest = Weather(backoff_cap=chance.choice((10.0, 60.0, 300.0)), nodes=chance.randint(1, 3))
    return replace(rest, **rates)
