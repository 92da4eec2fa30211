"""From a devfile and the settings around it to the one value that manifests are built from."""

import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from math import ceil
from urllib.parse import urlsplit

from chalicelib.devfile.model import Container, Devfile, Exec, Project
from chalicelib.devfile.quantities import quantity
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.editors import EDITORS
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets.plan import (
    PlannedContainer,
    PlannedEndpoint,
    PlannedHook,
    PlannedMount,
    PlannedProject,
    PlannedVolume,
)
from chalicelib.domain.workspaces.workspace import DevfileSource, Endpoint

_MIB = 1024 * 1024
_GIB = 1024 * _MIB
_SHELL = "/bin/sh"
_WEB = frozenset({"http", "https", "ws", "wss"})


@dataclass(frozen=True, slots=True)
class Composed:
    """What a devfile makes of a plan; ``disk_gib`` is the size of the workspace's one claim."""

    containers: tuple[PlannedContainer, ...]
    volumes: tuple[PlannedVolume, ...]
    projects: tuple[PlannedProject, ...]
    disk_gib: int


def compose(devfile: Devfile, source: DevfileSource, settings: AgentSettings) -> Composed:
    """Return the parts of the plan that the devfile decides."""
    running = {container.name for container in devfile.running_containers}
    applied = {container.name: place for place, container in enumerate(devfile.init_containers)}
    return Composed(
        containers=tuple(
            _container(devfile, container, applied.get(container.name))
            for container in devfile.containers
            if container.name in running or container.name in applied
        ),
        volumes=tuple(
            PlannedVolume(v.name, _size(v.size, _MIB) or None, v.ephemeral) for v in devfile.volumes
        ),
        projects=_projects(devfile, source),
        disk_gib=settings.default_disk_gib + _stated_gib(devfile),
    )


def published(composed: Composed, editor: str) -> tuple[Endpoint, ...]:
    """Return what the proxy serves of the workspace, the editor first, each port once."""
    first = EDITORS[editor]
    found = {first.port: Endpoint(first.endpoint, first.port)}
    for container in composed.containers:
        for each in container.endpoints if container.stays else ():
            if each.exposure == "public" and each.protocol in _WEB:
                found.setdefault(each.port, Endpoint(each.name, each.port, path=each.path))
    return tuple(found.values())


def is_on_hosts(url: str, hosts: Sequence[GitHost]) -> bool:
    """Whether an https address is on one of the organisation's git hosts."""
    parts = urlsplit(url)
    try:
        place = (parts.hostname or "", parts.port or 443)
    except ValueError:
        return False
    return parts.scheme == "https" and place in {(host.host.lower(), host.port) for host in hosts}


def _container(devfile: Devfile, container: Container, place: int | None) -> PlannedContainer:
    cpu_request, cpu_limit = _bounds(
        _milli(container.cpu_request), _milli(container.cpu_limit), (100, 2_000)
    )
    memory_request, memory_limit = _bounds(
        _size(container.memory_request, _MIB), _size(container.memory_limit, _MIB), (256, 2_048)
    )
    before = () if place is None else (PlannedHook(container.name, (), place=place),)
    return PlannedContainer(
        name=container.name,
        image=container.image,
        main=container.name == devfile.main,
        command=container.command,
        args=container.args,
        environment=tuple((each.name, each.value) for each in container.env),
        endpoints=tuple(
            PlannedEndpoint(e.name, e.target_port, e.exposure, e.protocol, e.path)
            for e in container.endpoints
        ),
        mounts=tuple(PlannedMount(mount.volume, mount.path) for mount in container.mounts),
        cpu_request=cpu_request,
        cpu_limit=cpu_limit,
        memory_request=memory_request,
        memory_limit=memory_limit,
        stays=container in devfile.running_containers,
        mount_projects=container.mount_sources,
        projects_path=container.source_mapping,
        before_start=before,
        after_start=tuple(_hooks("after-start", container.name, devfile.post_start)),
        before_stop=tuple(_hooks("before-stop", container.name, devfile.pre_stop)),
    )


def _hooks(event: str, container: str, steps: Sequence[Exec]) -> Iterator[PlannedHook]:
    for place, step in enumerate(steps):
        if step.container == container:
            yield PlannedHook(f"{event}-{place}", (_SHELL, "-c", _script(step)), place=place)


def _script(step: Exec) -> str:
    """Return the command line in its directory and with its environment.

    The directory may name a variable, so the container's own shell expands it.
    """
    lines = [f"export {each.name}={shlex.quote(each.value)}" for each in step.env]
    if step.working_dir:
        directory = re.sub(r'(["\\`])', r"\\\1", step.working_dir)
        lines.append(f'cd "{directory}" || exit')
    return "\n".join([*lines, step.command_line])


def _projects(devfile: Devfile, source: DevfileSource) -> tuple[PlannedProject, ...]:
    """Return the devfile's projects; without any, the repository that the devfile came from.

    Dependent projects come on top of either.
    """
    if not devfile.projects and source.url:
        taken = {project.clone_path.partition("/")[0] for project in devfile.dependent_projects}
        name = _free(folder_of(source.url), taken)
        own = PlannedProject(name=name, url=source.url, revision=source.ref, path=name)
        return (own, *_planned(devfile.dependent_projects))
    return _planned((*devfile.projects, *devfile.dependent_projects))


def _planned(projects: Sequence[Project]) -> tuple[PlannedProject, ...]:
    return tuple(
        PlannedProject(
            name=project.name,
            url=project.clone_url,
            revision=project.revision,
            path=project.clone_path,
            remote=project.checkout_remote,
            other_remotes=tuple(
                (remote.name, remote.url)
                for remote in project.remotes
                if remote.name != project.checkout_remote
            ),
        )
        for project in projects
    )


def folder_of(url: str) -> str:
    """Return the folder that a repository is checked out in, by its address."""
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2].removesuffix(".git")
    return re.sub(r"[^a-z0-9-]+", "-", last.lower()).strip("-")[:63].strip("-") or "project"


def _free(name: str, taken: set[str]) -> str:
    """Return the name, or the first one behind it that no other folder has."""
    numbered = (f"{name[:60]}-{number}" for number in count(2))
    return next(each for each in chain([name], numbered) if each not in taken)


def _bounds(request: int, limit: int, default: tuple[int, int]) -> tuple[int, int]:
    """Return request and limit; what is not stated gives way to what is."""
    limit = limit or max(default[1], request)
    return min(request or default[0], limit), limit


def _stated_gib(devfile: Devfile) -> int:
    stated = sum(_size(volume.size, 1) for volume in devfile.volumes if not volume.ephemeral)
    return ceil(stated / _GIB)


def _milli(text: str) -> int:
    found = quantity(text) if text else None
    return 0 if found is None else ceil(found * 1000)


def _size(text: str, unit: int) -> int:
    """Return a quantity of bytes in whole units, rounded up; 0 when it is not stated."""
    found = quantity(text) if text else None
    return 0 if found is None else ceil(found / unit)
