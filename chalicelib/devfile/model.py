"""The devfile as the rest of Berth sees it: checked, flattened, substituted, typed and frozen.

``Devfile`` holds nothing that was not understood: whatever Berth does not support was refused when
the text was read. Names, paths, ports, quantities and addresses have been checked, so builders of
manifests may use them as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from chalicelib.devfile.findings import Notice

Exposure = Literal["public", "internal", "none"]
"""``public``: through the proxy; ``internal``: inside the workspace's namespace; ``none``: inside the pod."""

Protocol = Literal["http", "https", "ws", "wss", "tcp", "udp"]

GroupKind = Literal["build", "run", "test", "debug", "deploy"]


@dataclass(frozen=True, slots=True)
class EnvVar:
    """An environment variable with a literal value."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A port of a container. Its name is unique in the devfile; its port is not (one port may have two names)."""

    name: str
    """Up to 15 characters from schema 2.2.0 on, up to 63 before: too long for the name of a container port."""
    target_port: int
    exposure: Exposure = "public"
    protocol: Protocol = "http"
    secure: bool = False
    path: str = ""


@dataclass(frozen=True, slots=True)
class VolumeMount:
    """Where a container sees a volume."""

    volume: str
    path: str


@dataclass(frozen=True, slots=True)
class Container:
    """A container component. Quantities are Kubernetes quantities, empty when not stated."""

    name: str
    image: str
    command: tuple[str, ...] = ()
    """Empty: the image's own entry point."""
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    """In document order; a name may occur twice, and then the last one wins."""
    endpoints: tuple[Endpoint, ...] = ()
    mounts: tuple[VolumeMount, ...] = ()
    cpu_request: str = ""
    cpu_limit: str = ""
    memory_request: str = ""
    memory_limit: str = ""
    mount_sources: bool = True
    """Whether the volume of the projects is mounted at ``source_mapping``."""
    source_mapping: str = "/projects"
    """Absolute path; the value of ``PROJECTS_ROOT`` in this container."""


@dataclass(frozen=True, slots=True)
class Volume:
    """A volume component."""

    name: str
    size: str = ""
    """Kubernetes quantity, empty when not stated."""
    ephemeral: bool = False
    """True: emptied at each start."""


@dataclass(frozen=True, slots=True)
class Exec:
    """Runs a shell command line in a container."""

    container: str
    command_line: str
    working_dir: str = ""
    """May contain ``$PROJECT_SOURCE`` and the like; empty: the container's own."""
    env: tuple[EnvVar, ...] = ()
    hot_reload_capable: bool = False


@dataclass(frozen=True, slots=True)
class Apply:
    """Starts a container; as a preStart event, as an init container.

    A command of no event may name another component, which Berth leaves alone.
    """

    container: str


@dataclass(frozen=True, slots=True)
class Composite:
    """Other commands, by id (lower case), one after another or at the same time."""

    commands: tuple[str, ...] = ()
    parallel: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A command: exactly one of ``exec``, ``apply`` and ``composite`` is set."""

    id: str
    label: str = ""
    group: GroupKind | None = None
    is_default: bool = False
    exec: Exec | None = None
    apply: Apply | None = None
    composite: Composite | None = None


@dataclass(frozen=True, slots=True)
class Events:
    """Ids of commands, in order; ``Devfile.init_containers`` and the like give them resolved."""

    pre_start: tuple[str, ...] = ()
    post_start: tuple[str, ...] = ()
    pre_stop: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Remote:
    """A git remote: its name, and an address in https, ssh or scp form without credentials."""

    name: str
    url: str


@dataclass(frozen=True, slots=True)
class Project:
    """A git repository to check out."""

    name: str
    clone_path: str
    """Relative to the root of the projects; normalised, never leaves it, overlaps no other project."""
    remotes: tuple[Remote, ...]
    checkout_remote: str
    """Name of the remote to clone from; its address is https."""
    revision: str = ""
    """Branch, tag or commit; empty: the remote's default branch. Never starts with ``-``."""

    @property
    def clone_url(self) -> str:
        """The https address to clone from."""
        return next(remote.url for remote in self.remotes if remote.name == self.checkout_remote)


@dataclass(frozen=True, slots=True)
class Devfile:
    """A devfile that Berth can run."""

    schema_version: str
    main: str
    """Name of the container that gets the editor; one of ``running_containers``."""
    name: str = ""
    containers: tuple[Container, ...] = ()
    volumes: tuple[Volume, ...] = ()
    commands: tuple[Command, ...] = ()
    events: Events = Events()
    projects: tuple[Project, ...] = ()
    dependent_projects: tuple[Project, ...] = ()
    """Checked out beside the projects, or beside the repository that the devfile is of."""
    architectures: tuple[str, ...] = ()
    """Processor architectures that the images are made for, in the words of ``kubernetes.io/arch``; empty: any."""
    notices: tuple[Notice, ...] = ()
    """What the author should know: things that are read but have no effect, and likely slips."""

    @property
    def main_container(self) -> Container:
        """The container that gets the editor."""
        return self._container(self.main)

    @property
    def init_containers(self) -> tuple[Container, ...]:
        """What preStart applies, in event order, each once."""
        applied = [
            step.apply.container for step in self._steps(self.events.pre_start) if step.apply
        ]
        return tuple(self._container(name) for name in dict.fromkeys(applied))

    @property
    def running_containers(self) -> tuple[Container, ...]:
        """The containers that run as long as the workspace does, in document order.

        A container that preStart applies is not among them, unless a command runs in it.
        """
        init = {container.name for container in self.init_containers}
        used = {command.exec.container for command in self.commands if command.exec}
        return tuple(c for c in self.containers if c.name not in init or c.name in used)

    @property
    def post_start(self) -> tuple[Exec, ...]:
        """What runs after the start, composites expanded, in order."""
        return tuple(step.exec for step in self._steps(self.events.post_start) if step.exec)

    @property
    def pre_stop(self) -> tuple[Exec, ...]:
        """What runs before the stop, composites expanded, in order."""
        return tuple(step.exec for step in self._steps(self.events.pre_stop) if step.exec)

    def _container(self, name: str) -> Container:
        return next(container for container in self.containers if container.name == name)

    def _steps(self, ids: tuple[str, ...]) -> Iterator[Command]:
        """Leaf commands in order; ends because the reader refused cycles and long expansions."""
        by_id = {command.id: command for command in self.commands}
        for command in (by_id[identifier.lower()] for identifier in ids):
            if command.composite:
                yield from self._steps(command.composite.commands)
            else:
                yield command
