"""A workspace: what never changes about it (``Workspace``) and what does (``WorkspaceState``)."""

from dataclasses import dataclass, field, replace
from typing import Self

from chalicelib.domain.workspaces.states import EFFECTS, ActualState, DesiredState


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a workspace is not as wished, in words for its owner.

    ``code`` is one of Berth's own (see ``targets/kubernetes/reasons/``), stable, for programs.
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
class Endpoint:
    """A port that the proxy serves, at ``https://<port>-<workspace>.<zone>``."""

    name: str
    port: int
    exposure: str = "private"
    path: str = ""


@dataclass(frozen=True, slots=True)
class Move:
    """Which agent a workspace goes to once its own has given it up, and what is wanted of it there."""

    agent_id: str
    then: DesiredState


@dataclass(frozen=True, slots=True)
class Workspace:
    """The record of a workspace: cold, written once and by each move."""

    id: str
    organisation_id: str
    owner_id: str
    agent_id: str
    name: str
    editor: str
    source: DevfileSource
    created_at: float
    endpoints: tuple[Endpoint, ...] = ()
    """What the proxy serves, the editor first."""
    variables: tuple[tuple[str, str], ...] = ()
    """Names and kinds of its variables; the values are sealed elsewhere."""
    move: Move | None = None
    """Where it goes; it counts against the quotas of both agents meanwhile."""


@dataclass(frozen=True, slots=True)
class WorkspaceState:
    """The hot item, under 1 KB while all is well, which reconcile writes.

    ``generation`` counts accepted changes of the desired state; ``acknowledged`` is the highest
    generation ever found on the live object and never falls. The ``live_`` fields say what the last
    accepted report found, so they do fall when somebody deletes the object. ``epoch`` and
    ``resource_version`` order the reports. ``version`` is the store's compare-and-swap counter:
    every write raises it.
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
    live_generation: int = 0
    """Generation on the live object; 0 when there is none."""
    live_secrets_digest: str = ""
    spec_digest: str = ""
    """Of the live object."""
    secrets_digest: str = ""
    """Of the sealed variables: what the live object should carry. Empty when there are none."""
    reason: Reason | None = field(default=None)
    look_at: float | None = None
    """When the sweep looks at it next: the place of its DUE row."""
    withheld: bool = False
    """Restored from a backup, and its cluster has nothing of it: not sent until somebody asks."""
    leaps: bool = False
    """Restored from a backup: its cluster may hold a claim of a later generation, so that the next one
    is far above."""
    stay: int = 1
    """The first generation that its agent may apply, since it came there or its move was called off.
    A tombstone of an earlier one is of a removal that is over."""

    @property
    def is_leaving(self) -> bool:
        """Whether its agent is to remove everything of it: it ends, or it moves."""
        return EFFECTS[self.desired].replicas is None

    @property
    def is_given_up(self) -> bool:
        """Whether its agent has removed everything of it, for another one to have it."""
        is_gone = self.actual is ActualState.TERMINATED
        return is_gone and self.desired is DesiredState.MOVE_REQUESTED

    @property
    def was_here(self) -> bool:
        """Whether its agent ever had it, as far as was acknowledged."""
        return self.acknowledged >= self.stay

    def with_nothing_live(self) -> Self:
        """Return the state as it is while no object of the workspace is known to live."""
        return replace(self, live_generation=0, live_secrets_digest="", spec_digest="")
