"""What Berth reads of live objects: small structs, a fortieth of the memory of typed models.

Fields that are not named here are skipped while decoding and never built. A missing field has the
meaning that Kubernetes gives to its absence.
"""

from __future__ import annotations

from typing import Protocol

import msgspec

from chalicelib.wire import labels


class Projection(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Decoded from the API's camelCase; never part of a reference cycle."""


class Labels(msgspec.Struct, frozen=True, gc=False):
    """Berth's labels; the others are of no interest."""

    workspace_id: str = msgspec.field(name=labels.WORKSPACE_ID, default="")
    agent_id: str = msgspec.field(name=labels.AGENT_ID, default="")
    tombstone: str = msgspec.field(name=labels.TOMBSTONE, default="")
    part_of: str = msgspec.field(name=labels.PART_OF, default="")


_MOST_DIGITS = 15
"""Of a generation: all below what JSON holds exactly (2**53), far beyond any real one."""


def number_of(text: str) -> int:
    """Return the generation that an object of ours states; 0 for nonsense that somebody wrote there."""
    is_number = text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS
    return int(text) if is_number else 0


class Annotations(msgspec.Struct, frozen=True, gc=False):
    """Berth's annotations."""

    generation: str = msgspec.field(name=labels.GENERATION, default="")
    spec_digest: str = msgspec.field(name=labels.SPEC_DIGEST, default="")
    secrets_digest: str = msgspec.field(name=labels.SECRETS_DIGEST, default="")
    secret_names: str = msgspec.field(name=labels.SECRET_NAMES, default="")
    group_kinds: str = msgspec.field(name=labels.APPLYSET_KINDS, default="")
    endpoints: str = msgspec.field(name=labels.ENDPOINTS, default="")
    serving: str = msgspec.field(name=labels.SERVING, default="")
    workspace_name: str = msgspec.field(name=labels.WORKSPACE_NAME, default="")

    @property
    def generation_number(self) -> int:
        """0 when there is none, or not ours."""
        return number_of(self.generation)


class Metadata(Projection, frozen=True):
    """``resource_version`` and the like as the API writes them."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    labels: Labels = Labels()
    annotations: Annotations = Annotations()


class Live(Protocol):
    """Anything with metadata."""

    @property
    def metadata(self) -> Metadata:
        """Name, version, labels."""
        ...


class Partial(Projection, frozen=True):
    """An object of any kind by its metadata alone."""

    metadata: Metadata


class NamespaceStatus(Projection, frozen=True):
    """``phase`` is ``Active`` or ``Terminating``."""

    phase: str = "Active"


class Namespace(Projection, frozen=True):
    """A namespace."""

    metadata: Metadata
    status: NamespaceStatus = NamespaceStatus()


class Condition(Projection, frozen=True):
    """A condition of a Deployment or a pod."""

    type: str
    status: str = "Unknown"
    reason: str = ""
    message: str = ""


class DeploymentSpec(Projection, frozen=True):
    """``replicas`` is the wish."""

    replicas: int = 1


class DeploymentStatus(Projection, frozen=True):
    """Counters are absent while zero."""

    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] = ()


class Deployment(Projection, frozen=True):
    """A Deployment."""

    metadata: Metadata
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()


class Waiting(Projection, frozen=True):
    """Why a container does not run yet."""

    reason: str = ""
    message: str = ""


class Terminated(Projection, frozen=True):
    """How a container ended."""

    exit_code: int = 0
    reason: str = ""
    message: str = ""


class Running(Projection, frozen=True):
    """A container runs."""


class ContainerState(Projection, frozen=True):
    """Exactly one of them is set."""

    waiting: Waiting | None = None
    terminated: Terminated | None = None
    running: Running | None = None


class ContainerStatus(Projection, frozen=True):
    """One container of a pod."""

    name: str
    ready: bool = False
    state: ContainerState = ContainerState()
    last_state: ContainerState = ContainerState()


FINISHED = ("Succeeded", "Failed")
"""Phases of a pod that ended for good. Nobody removes an evicted one when its Deployment is scaled
down."""


class PodStatus(Projection, frozen=True):
    """``phase`` is ``Pending``, ``Running``, ``Succeeded``, ``Failed`` or ``Unknown``."""

    phase: str = ""
    reason: str = ""
    message: str = ""
    conditions: tuple[Condition, ...] = ()
    init_container_statuses: tuple[ContainerStatus, ...] = ()
    container_statuses: tuple[ContainerStatus, ...] = ()


class Pod(Projection, frozen=True):
    """A pod."""

    metadata: Metadata
    status: PodStatus = PodStatus()


class Reference(Projection, frozen=True):
    """The object that an event is about; ``field_path`` names the container, where it is one."""

    kind: str = ""
    name: str = ""
    uid: str = ""
    field_path: str = ""


class Series(Projection, frozen=True):
    """An event of the newer API that was seen more than once."""

    last_observed_time: str | None = None


class Event(Projection, frozen=True):
    """A core/v1 Event. Those of the scheduler have a ``series`` or an ``event_time`` alone."""

    metadata: Metadata
    involved_object: Reference = Reference()
    reason: str = ""
    message: str = ""
    last_timestamp: str | None = None
    event_time: str | None = None
    series: Series | None = None


class ConfigMap(Projection, frozen=True):
    """A ConfigMap with its data."""

    metadata: Metadata
    data: dict[str, str] = {}


class ServicePort(Projection, frozen=True):
    """One port of a Service."""

    port: int
    name: str = ""


class ServiceSpec(Projection, frozen=True):
    """``cluster_ip`` is ``None`` (the word) for a headless one."""

    cluster_ip: str = msgspec.field(name="clusterIP", default="")
    ports: tuple[ServicePort, ...] = ()


class Service(Projection, frozen=True):
    """A Service."""

    metadata: Metadata
    spec: ServiceSpec = ServiceSpec()
