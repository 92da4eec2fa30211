"""The one value that manifests are built from. Frozen at creation; targets render it."""

from dataclasses import dataclass, field

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.settings import GitHost


@dataclass(frozen=True, slots=True)
class PlannedEndpoint:
    """A port that the proxy (``public``), the namespace (``internal``) or only the pod sees."""

    name: str
    port: int
    exposure: str = "public"
    protocol: str = "http"
    path: str = ""


@dataclass(frozen=True, slots=True)
class PlannedMount:
    """A volume of the plan at an absolute path of a container."""

    volume: str
    path: str


@dataclass(frozen=True, slots=True)
class PlannedHook:
    """A devfile command at an event. ``argv`` runs in ``directory``."""

    name: str
    argv: tuple[str, ...]
    directory: str = ""
    place: int = 0
    """Place among all hooks of the same event, over all containers."""


@dataclass(frozen=True, slots=True)
class PlannedContainer:
    """One container of the workspace, in typed fields; user YAML goes nowhere else.

    CPU in thousandths of a core, memory in MiB. ``main``: the editor is injected here.
    """

    name: str
    image: str
    main: bool = False
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    environment: tuple[tuple[str, str], ...] = ()
    endpoints: tuple[PlannedEndpoint, ...] = ()
    mounts: tuple[PlannedMount, ...] = ()
    cpu_request: int = 100
    cpu_limit: int = 2_000
    memory_request: int = 256
    memory_limit: int = 2_048
    stays: bool = True
    """False: of this container only the preStart commands run."""
    mount_projects: bool = True
    projects_path: str = "/projects"
    before_start: tuple[PlannedHook, ...] = ()
    """preStart: run as init containers of this image before anything else starts."""
    after_start: tuple[PlannedHook, ...] = ()
    before_stop: tuple[PlannedHook, ...] = ()


@dataclass(frozen=True, slots=True)
class PlannedVolume:
    """A named volume: a folder of the workspace's one claim, or an ``emptyDir`` when ephemeral."""

    name: str
    size_mib: int | None = None
    ephemeral: bool = False


@dataclass(frozen=True, slots=True)
class PlannedProject:
    """A repository to clone before anything starts. ``revision`` empty: the default branch."""

    name: str
    url: str
    revision: str = ""
    path: str = ""
    remote: str = "origin"
    other_remotes: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class WorkspacePlan:
    """Everything that a target needs, but for the holes (generation, replicas, digests)."""

    workspace_id: str
    workspace_name: str
    agent_id: str
    organisation_id: str
    owner_id: str
    editor: str
    containers: tuple[PlannedContainer, ...]
    volumes: tuple[PlannedVolume, ...]
    projects: tuple[PlannedProject, ...]
    disk_gib: int
    user_id: int
    """Arbitrary user id of the pods, at least 10000; group 0."""
    variables: tuple[tuple[str, str], ...]
    """Names and kinds (``environment`` or ``file``) of the sealed variables."""
    agent: AgentSettings = field(default_factory=lambda: AgentSettings(zone=""))
    git_hosts: tuple[GitHost, ...] = ()

    @property
    def staying(self) -> tuple[PlannedContainer, ...]:
        """The containers that run as long as the workspace does."""
        return tuple(container for container in self.containers if container.stays)
