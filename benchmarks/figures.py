"""What a benchmark yields: figures, each beside a peer or a limit of the same run."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from statistics import median
from typing import Self


@dataclass(frozen=True, slots=True)
class Samples:
    """Values of one thing in one unit, in the order in which they were measured; at least one."""

    values: tuple[float, ...]

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError("nothing was measured")

    @classmethod
    def of(cls, values: Iterable[float]) -> Self:
        """Samples of any values."""
        return cls(tuple(values))

    @classmethod
    def taken(cls, runs: int, measure: Callable[[], float]) -> Self:
        """Measure so many times."""
        return cls(tuple(measure() for _ in range(runs)))

    @property
    def median(self) -> float:
        """The middle value; of an even number, the mean of the two in the middle."""
        return median(self.values)

    @property
    def smallest(self) -> float:
        """The smallest value."""
        return min(self.values)

    @property
    def largest(self) -> float:
        """The largest value."""
        return max(self.values)


@dataclass(frozen=True, slots=True)
class Peer:
    """What a figure is measured beside."""

    name: str
    samples: Samples


@dataclass(frozen=True, slots=True)
class Goal:
    """What was promised: the median is at most this, in the unit of the figure."""

    words: str
    at_most: float


@dataclass(frozen=True, slots=True)
class Figure:
    """One row of the table."""

    name: str
    unit: str
    samples: Samples
    peer: Peer | None = None
    goal: Goal | None = None

    @property
    def ratio(self) -> float | None:
        """How many times the peer's median; None without a peer, or beside nothing."""
        if self.peer is None or not self.peer.samples.median:
            return None
        return self.samples.median / self.peer.samples.median

    @property
    def is_met(self) -> bool | None:
        """Whether the goal is met; None without a goal."""
        return None if self.goal is None else self.samples.median <= self.goal.at_most
