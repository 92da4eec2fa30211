"""What the core asks the shell to do. Each but ``WakeAt`` is answered by one event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from berth_agent.tasks import Task
from chalicelib.wire.reconcile import Object, PrerequisitesRequest, ReconcileRequest, WakeChannel


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask for prerequisites: ``Prepared`` or ``Unanswered`` follows."""

    request: PrerequisitesRequest


@dataclass(frozen=True, slots=True)
class Post:
    """Post a reconcile: ``Answered`` or ``Unanswered`` follows."""

    request: ReconcileRequest


@dataclass(frozen=True, slots=True)
class ApplyProxy:
    """Apply the proxy's objects: ``ProxyApplied`` follows."""

    objects: tuple[Object, ...]
    digest: str


@dataclass(frozen=True, slots=True)
class Work:
    """Do a task for a workspace: ``Worked`` follows. Never two at once for one workspace."""

    workspace_id: str
    task: Task


@dataclass(frozen=True, slots=True)
class Look:
    """Read from the API server itself what is left of a workspace: ``Looked`` follows.

    Its pods, or where it ``ends``, its namespace. ``generation`` is that of its Deployment's spec, or
    of its tombstone.
    """

    workspace_id: str
    generation: int
    ends: bool = False


@dataclass(frozen=True, slots=True)
class Listen:
    """Ask a wake-up channel, which holds the question: ``Heard`` or ``Deaf`` follows."""

    channel: WakeChannel


@dataclass(frozen=True, slots=True)
class WakeAt:
    """Send a ``Tick`` then (at most one is outstanding: the last one counts)."""

    when: float


Command: TypeAlias = Ask | Post | ApplyProxy | Work | Look | Listen | WakeAt
