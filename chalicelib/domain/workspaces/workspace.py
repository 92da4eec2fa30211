"""A workspace: what never changes about it (``Workspace``) and what does (``WorkspaceState``)."""

from dataclasses import dataclass, field

from chalicelib.domain.workspaces.states import ActualState, DesiredState


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a workspace is not as wished, in words for its owner.

    ``code`` is one of Berth's own (see ``targets/kubernetes/reasons.py``), stable, for programs.
    ``retrying``: it may heal without anybody's doing.
    """

    code: str
    message: str
    hint: str = ""
    retrying: bool = True


@dataclass(frozen=True, slots=True)
class DevfileSource:
    """Where the devfile came from: inline text, or a file of a git repository."""

    url: str = ""
    ref: str = ""
    path: str = ""
    commit: str = ""


@dataclass(frozen=True, slots=True)
class Workspace:
    """The record of a workspace: cold, written once."""

    id: str
    organisation_id: str
    owner_id: str
    agent_id: str
    name: str
    editor: str
    source: DevfileSource
    created_at: float


@dataclass(frozen=True, slots=True)
class WorkspaceState:
    """The hot item, under 1 KB, which reconcile writes.

    ``generation`` counts accepted changes of the desired state; ``acknowledged`` is the highest
    generation found on the live object; ``epoch`` and ``resource_version`` order the reports.
    ``version`` is the store's compare-and-swap counter: every write raises it.
    """

    workspace_id: str
    version: int
    desired: DesiredState
    actual: ActualState
    generation: int
    acknowledged: int
    desired_at: float
    actual_at: float
    started_at: float | None = None
    """When the desired state last became Running; the longest run counts from here."""
    epoch: int = 0
    resource_version: int = 0
    spec_digest: str = ""
    secrets_digest: str = ""
    reason: Reason | None = field(default=None)
