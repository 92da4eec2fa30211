"""Figures of the running control plane: every metric there is, as one table, and who keeps them.

CloudWatch asks money for each metric and each combination of its dimensions: there are few of both,
and what only one request in a thousand needs to know is in the lines of the log.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from chalicelib.log import Field, log


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """``unit`` is CloudWatch's; ``by_surface``: counted apart for people and for agents."""

    name: str
    unit: str
    meaning: str
    by_surface: bool = False


LATENCY = Metric("Latency", "Milliseconds", "of a request, inside the function", by_surface=True)
CLIENT_ERRORS = Metric("ClientErrors", "Count", "1 for an answer 4xx, else 0", by_surface=True)
SERVER_ERRORS = Metric("ServerErrors", "Count", "1 for an answer 5xx, else 0", by_surface=True)
REPORTS = Metric("Reports", "Count", "taken from an agent's message")
ORDERS = Metric("Orders", "Count", "given in the answer to it")
SIGN_INS_REFUSED = Metric("SignInsRefused", "Count", "1 for a sign-in that was refused, else 0")
SWEEP_LASTED = Metric("SweepSeconds", "Seconds", "of a sweep that came to its end")
SWEEP_FAILURES = Metric("SweepFailures", "Count", "rows that a sweep could not deal with")
AGENTS_ONLINE = Metric("AgentsOnline", "Count", "agents that are heard")
AGENTS_LATE = Metric("AgentsLate", "Count", "agents that missed three of their intervals")
AGENTS_LOST = Metric("AgentsLost", "Count", "agents that are silent for a quarter of an hour")
OLDEST_INTENT = Metric(
    "OldestIntentSeconds",
    "Seconds",
    "age of the oldest wish that an agent, not lost, has not confirmed; 0 where there is none",
)
METRICS = (
    LATENCY,
    CLIENT_ERRORS,
    SERVER_ERRORS,
    REPORTS,
    ORDERS,
    SIGN_INS_REFUSED,
    SWEEP_LASTED,
    SWEEP_FAILURES,
    AGENTS_ONLINE,
    AGENTS_LATE,
    AGENTS_LOST,
    OLDEST_INTENT,
)

Figures: TypeAlias = Mapping[Metric, float]


class Metrics(Protocol):
    """Who keeps the figures."""

    @property
    def is_kept(self) -> bool:
        """Whether anybody looks: what costs a read is not asked for nobody."""
        ...

    def record(self, event: str, figures: Figures, surface: str = "", **fields: Field) -> None:
        """Write the line of an event with its figures."""
        ...


class Unkept:
    """The figures stand in the log, and nobody adds them up."""

    is_kept = False

    def record(self, event: str, figures: Figures, surface: str = "", **fields: Field) -> None:
        """See the port."""
        of: dict[str, str | float] = {"Surface": surface} if surface else {}
        log(event, of | {metric.name: value for metric, value in figures.items()}, **fields)
