"""What a reflector keeps, and how patiently."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from berth_kube.kinds import Kind
from berth_kube.projections import Live

T = TypeVar("T", bound=Live)


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. The defaults are client-go's, but for the cap, which is 30 there: how soon a person
    sees their workspace again after an outage depends on it. ``Reach`` paces the outage itself."""

    silence: float = 75.0
    """Longest wait for a byte. Bookmarks come about every 60."""
    watch: tuple[float, float] = (300.0, 600.0)
    first_delay: float = 0.8
    cap: float = 10.0
    healthy: float = 120.0
    """A watch that lasted so long ends a row of failures."""
    short: float = 1.0
    """A watch that ended sooner counts as a failure."""


@dataclass(frozen=True, slots=True)
class Source(Generic[T]):
    """What to keep: a kind, as which projection, from where, and which of it."""

    kind: Kind
    type: type[T]
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""
    accept: Callable[[T], bool] = lambda _: True

    def query(self) -> dict[str, str]:
        """The selectors as query parameters."""
        selectors = {"labelSelector": self.label_selector, "fieldSelector": self.field_selector}
        return {name: value for name, value in selectors.items() if value}
