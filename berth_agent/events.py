"""What the core is told, each together with a ``Moment``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from berth_agent.commands import Look
from berth_agent.tasks import Outcome
from berth_kube.projections import ConfigMap, Deployment, Event, Namespace, Pod
from berth_kube.reflector import Change
from chalicelib.wire.reconcile import PrerequisitesResponse, ReconcileResponse

Watched: TypeAlias = Namespace | Deployment | Pod | ConfigMap | Event


@dataclass(frozen=True, slots=True)
class Moment:
    """When it happened (seconds on a monotonic clock), and a random number in [0, 1)."""

    now: float
    chance: float


@dataclass(frozen=True, slots=True)
class Changed:
    """Something that we watch changed in the cluster."""

    change: Change[Watched]


@dataclass(frozen=True, slots=True)
class Started:
    """This process leads, and what it watches is completely known."""

    epoch: int


@dataclass(frozen=True, slots=True)
class Answered:
    """The control plane answered a reconcile."""

    response: ReconcileResponse


@dataclass(frozen=True, slots=True)
class Prepared:
    """The control plane answered the question for prerequisites."""

    response: PrerequisitesResponse


@dataclass(frozen=True, slots=True)
class Unanswered:
    """A request to the control plane failed; ``status`` 0 when no answer came at all."""

    status: int
    retry_after: float | None = None


@dataclass(frozen=True, slots=True)
class ProxyApplied:
    """The proxy's objects were applied (or not)."""

    digest: str
    succeeded: bool


@dataclass(frozen=True, slots=True)
class Worked:
    """A task ended."""

    workspace_id: str
    outcome: Outcome


@dataclass(frozen=True, slots=True)
class Looked:
    """So many were left when they were read; None: they could not be read."""

    command: Look
    left: int | None


@dataclass(frozen=True, slots=True)
class Heard:
    """A wake-up channel answered: there is something to ask for, or it was quiet."""

    woken: bool


@dataclass(frozen=True, slots=True)
class Deaf:
    """A wake-up channel did not answer, or ``refused`` us: this address is of no use any more."""

    refused: bool = False


@dataclass(frozen=True, slots=True)
class Tick:
    """Time passed."""


Happening: TypeAlias = (
    Changed
    | Started
    | Answered
    | Prepared
    | Unanswered
    | ProxyApplied
    | Worked
    | Looked
    | Heard
    | Deaf
    | Tick
)
