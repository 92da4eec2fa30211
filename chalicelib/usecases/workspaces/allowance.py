"""What an organisation and an agent's owner allow a workspace to be, every problem at once."""

from collections.abc import Callable, Iterator, Sequence
from math import ceil

from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.errors import Problem
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets.plan import PlannedContainer
from chalicelib.usecases.workspaces.compose import Composed, is_on_hosts


def exceeded(
    composed: Composed, settings: AgentSettings, hosts: Sequence[GitHost], pointer: str
) -> list[Problem]:
    """Return what is not allowed. ``pointer`` is where the devfile stands in the request."""
    return [
        *_images(composed, settings, pointer),
        *_sizes(composed, settings, pointer),
        *_remotes(composed, hosts, pointer),
    ]


def _images(composed: Composed, settings: AgentSettings, pointer: str) -> Iterator[Problem]:
    if not settings.image_prefixes:
        return
    allowed = ", ".join(settings.image_prefixes)
    for container in composed.containers:
        if not any(_is_under(container.image, prefix) for prefix in settings.image_prefixes):
            message = (
                f"Container {container.name} has the image {container.image}; this agent runs"
                f" images that start with: {allowed}."
            )
            yield Problem("image-not-allowed", message, pointer)


def _is_under(image: str, prefix: str) -> bool:
    """Whether the reference is the prefix or goes on after a whole part of it: a host that merely
    begins alike (``registry.example.evil.com``) is another host."""
    rest = image.removeprefix(prefix)
    return image.startswith(prefix) and (not rest or prefix[-1] in "/:@" or rest[0] in "/:@")


def _sizes(composed: Composed, settings: AgentSettings, pointer: str) -> Iterator[Problem]:
    cpu = _at_once(composed, lambda container: container.cpu_limit)
    memory = _at_once(composed, lambda container: container.memory_limit)
    wanted = [
        ("CPU", "thousandths of a core", cpu, settings.max_cpu_millis),
        ("memory", "MiB", memory, settings.max_memory_mib),
        ("disk", "GiB", composed.disk_gib + _ephemeral_gib(composed), settings.max_disk_gib),
    ]
    for thing, unit, amount, limit in wanted:
        if amount > limit:
            message = f"The workspace wants {amount} {unit} of {thing}; this agent allows {limit}."
            yield Problem(f"too-much-{thing.lower()}", message, pointer)


def _at_once(composed: Composed, limit: Callable[[PlannedContainer], int]) -> int:
    """Return the most that is used at a time: those that only prepare run alone, before the others."""
    staying = sum(limit(each) for each in composed.containers if each.stays)
    return max((staying, *(limit(each) for each in composed.containers)))


def _ephemeral_gib(composed: Composed) -> int:
    """Return what the volumes that end with the pod may fill of the node's disk, where they say so."""
    return ceil(sum(v.size_mib or 0 for v in composed.volumes if v.ephemeral) / 1024)


def _remotes(composed: Composed, hosts: Sequence[GitHost], pointer: str) -> Iterator[Problem]:
    """Yield what cannot be reached: every remote is fetched at the first start."""
    for project in composed.projects:
        for url in (project.url, *(address for _, address in project.other_remotes)):
            if not is_on_hosts(url, hosts):
                message = (
                    f"Project {project.name} has a remote at {url}, which is on no git host of your"
                    " organisation; an owner can add the host to the setting git_hosts."
                )
                yield Problem("git-host-not-allowed", message, pointer)
