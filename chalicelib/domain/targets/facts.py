"""What an agent saw of one workspace, as plain values.

Field for field the same as ``chalicelib.wire.reconcile.WorkspaceReport`` and its parts, where each
field is explained; the domain knows no message library, so the use case translates.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Condition:
    """One condition of a Deployment, as Kubernetes states it."""

    type: str
    status: str
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class DeploymentFacts:
    """What the live Deployment says. ``replicas`` is the wish, the rest is its status."""

    generation: int
    observed_generation: int = 0
    replicas: int = 1
    current: int = 0
    updated: int = 0
    available: int = 0
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True, slots=True)
class Trouble:
    """One notable fact of a container, a pod, a claim or a Warning event.

    ``source`` is ``container``, ``init``, ``pod``, ``event`` or ``claim``.
    """

    source: str
    reason: str
    name: str = ""
    detail: str = ""
    exit_code: int | None = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class ApplyError:
    """The API server refused an object of the order with this generation."""

    generation: int
    kind: str
    status: int
    final: bool
    name: str = ""
    reason: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class WorkspaceReport:
    """Facts about one workspace. ``namespace`` is ``Absent``, ``Active`` or ``Terminating``;
    ``pods`` is None where they are not counted yet."""

    workspace_id: str
    resource_version: int
    namespace: str
    generation: int = 0
    tombstone: int | None = None
    pods: int | None = 0
    deployment: DeploymentFacts | None = None
    troubles: tuple[Trouble, ...] = ()
    apply_error: ApplyError | None = None
    spec_digest: str = ""
    secrets_digest: str = ""
