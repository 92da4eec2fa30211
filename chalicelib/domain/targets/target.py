"""The seam between what a workspace is and where it runs.

A target turns a plan into objects and facts into states. It is pure: nothing here opens a
connection. What acts on the objects is the target's counterpart in the agent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets.facts import WorkspaceReport
from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.domain.variables.variable import Variable
from chalicelib.domain.workspaces.states import ActualState
from chalicelib.domain.workspaces.workspace import Reason, WorkspaceState

Object: TypeAlias = dict[str, Any]
"""One object of the target as JSON."""

Frozen: TypeAlias = Mapping[str, Any]
"""A frozen workload as JSON: what ``freeze`` returned, and the store gave back."""


@dataclass(frozen=True, slots=True)
class Holes:
    """What is filled in anew at each rendering of a frozen workload."""

    generation: int
    replicas: int
    secrets_digest: str = ""
    """Empty when the workspace has no variables."""


@dataclass(frozen=True, slots=True)
class GuardRails:
    """What follows the platform at once, whatever was frozen: isolation, quota, labels.

    ``agent_namespace`` is where the agent's proxy runs, as its prerequisites told; while it is
    empty nobody may reach the workspace from outside.
    """

    agent_id: str
    agent: AgentSettings
    agent_namespace: str = ""
    git_hosts: tuple[GitHost, ...] = ()


@dataclass(frozen=True, slots=True)
class Rendered:
    """The complete group of a workspace in order of application, without Secrets.

    ``spec_digest`` (SHA-256, hexadecimal) changes if and only if something but the generation does.
    """

    objects: tuple[Object, ...]
    spec_digest: str
    secret_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Observation:
    """The actual state that facts show, and why it is not as wished."""

    actual: ActualState
    reason: Reason | None = None
    altered: bool = False
    """Somebody changed what the agent applied: the generation on it says nothing any more."""


class Target(Protocol):
    """A kind of place that workspaces run on."""

    def freeze(self, plan: WorkspacePlan) -> Object:
        """Return the workload with holes, to be stored as it is.

        Raises ``Invalid`` with every problem of a plan that cannot become a workload.
        """
        ...

    def render(self, frozen: Frozen, guard: GuardRails, holes: Holes) -> Rendered:
        """Return the whole group: the frozen workload with its holes filled, and guard rails."""
        ...

    def render_secrets(
        self, workspace_id: str, agent_id: str, variables: Iterable[Variable]
    ) -> tuple[Object, ...]:
        """Return the Secrets that the frozen workload refers to; none without variables."""
        ...

    def observe(self, report: WorkspaceReport, state: WorkspaceState, now: float) -> Observation:
        """Return what the facts show. ``now`` is the control plane's clock, seconds."""
        ...

    def overdue(self, state: WorkspaceState, now: float) -> Observation | None:
        """Return what becomes of a workspace by the passing of time alone, None for nothing."""
        ...
