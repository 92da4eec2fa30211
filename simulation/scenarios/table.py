"""What a scenario is, and all of them by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from simulation.stage import Stage

Script = Callable[[Stage], None]

HOUR = 3700.0
"""Seconds after which the sweep looks at everything again, and a little."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """``is_cold``: the agent starts with the script, which is counted from the first call on."""

    name: str
    play: Script = field(repr=False)
    is_cold: bool = False
    habits: dict[str, Any] = field(default_factory=dict)
    """Parameters of the seed that differ from the ordinary (``simulation.swarm``)."""


SCENARIOS: dict[str, Scenario] = {}
"""By name, in the order of the file."""


def scenario(*, is_cold: bool = False, **habits: Any) -> Callable[[Script], Script]:
    """Take a script into the table under its own name."""

    def taken(play: Script) -> Script:
        name = play.__name__.replace("_", "-")
        SCENARIOS[name] = Scenario(name, play, is_cold, habits)
        return play

    return taken
