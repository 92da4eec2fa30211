"""What can be done for a workspace, and how it can end."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from chalicelib.wire.reconcile import ApplyError, ApplyOrder


@dataclass(frozen=True, slots=True)
class Apply:
    """Bring the group to the order's generation."""

    order: ApplyOrder

    @property
    def generation(self) -> int:
        """Of the order."""
        return self.order.generation


@dataclass(frozen=True, slots=True)
class Terminate:
    """Write the tombstone, then remove everything. One step at a time, each told by the cluster."""

    generation: int


@dataclass(frozen=True, slots=True)
class Collect:
    """Delete the tombstone: the control plane has stored that the workspace is gone."""

    generation: int


Task: TypeAlias = Apply | Terminate | Collect


@dataclass(frozen=True, slots=True)
class Done:
    """It is as the task wanted it."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next step needs the cluster to move. Look again soon."""


@dataclass(frozen=True, slots=True)
class Superseded:
    """The cluster holds a newer generation or a tombstone: the task is void."""


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The order counts on Secrets that are not there: the control plane has to send them."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Refused, by the API server or by us. ``by_us``: the order was not one to obey, so that it
    stands in the way of no other."""

    error: ApplyError
    by_us: bool = False


Outcome: TypeAlias = Done | Waiting | Superseded | Incomplete | Failed
