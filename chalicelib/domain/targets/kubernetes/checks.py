"""What a plan must fulfil to become a pod. The devfile's reader refuses most of it earlier and with
its place; this is the last gate, and it names every problem at once."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import TypeVar

from chalicelib.domain.editors import EDITORS
from chalicelib.domain.errors import Invalid, Problem
from chalicelib.domain.targets.kubernetes import names
from chalicelib.domain.targets.plan import PlannedContainer, PlannedEndpoint, WorkspacePlan

T = TypeVar("T")

_OUR_PATHS = (
    names.TOOLS_PATH,
    names.RUN_PATH,
    names.VARIABLES_PATH,
    names.TRUST_PATH,
    names.HOME_PATH,
)


def check(plan: WorkspacePlan) -> None:
    """Raise ``Invalid`` unless the plan can become a pod."""
    problems = (*_whole(plan), *(p for c in plan.containers for p in _single(plan, c)))
    if problems:
        raise Invalid("plan-invalid", "The workspace cannot be built as it is.", problems)


def _whole(plan: WorkspacePlan) -> Iterator[Problem]:
    if plan.editor not in EDITORS:
        yield Problem("editor-unknown", f"There is no editor {plan.editor!r}.")
    if sum(container.main for container in plan.staying) != 1:
        yield Problem("main-container", "Exactly one container takes the editor.")
    for name in _repeated(container.name for container in plan.containers):
        yield Problem("container-repeated", f"There are two containers {name!r}.")
    ports = (e.port for container in plan.staying for e in _ports_of(container))
    editor = EDITORS.get(plan.editor)
    for port in _repeated((*ports, *([editor.port] if editor else []))):
        yield Problem("port-taken", f"Port {port} is wanted twice: containers share one network.")


def _single(plan: WorkspacePlan, container: PlannedContainer) -> Iterator[Problem]:
    where = f"container {container.name!r}"
    if container.name.startswith(names.RESERVED_PREFIXES):
        yield Problem("name-reserved", f"The name of {where} is kept for Berth.")
    yield from _mounts(plan, container, where)
    for hook in container.after_start + container.before_stop:
        if not hook.argv:
            yield Problem("hook-empty", f"Command {hook.name!r} of {where} runs nothing.")


def _mounts(plan: WorkspacePlan, container: PlannedContainer, where: str) -> Iterator[Problem]:
    known = {volume.name for volume in plan.volumes}
    for mount in container.mounts:
        if mount.volume not in known:
            yield Problem("volume-unknown", f"{where} mounts no known volume: {mount.volume!r}.")
    paths = [mount.path for mount in container.mounts]
    paths += [container.projects_path] if container.mount_projects else []
    for path in _repeated(paths):
        yield Problem("path-taken", f"{where} mounts two volumes at {path!r}.")
    for path in paths:
        if any(_touches(path, ours) for ours in _OUR_PATHS):
            yield Problem("path-reserved", f"{where} mounts at {path!r}, which is kept for Berth.")


def _ports_of(container: PlannedContainer) -> Iterator[PlannedEndpoint]:
    """One endpoint for each port: a container may name the same port more than once."""
    yield from {endpoint.port: endpoint for endpoint in container.endpoints}.values()


def _repeated(things: Iterable[T]) -> list[T]:
    return [thing for thing, times in Counter(things).items() if times > 1]


def _touches(path: str, ours: str) -> bool:
    """Whether one of the two is the other or lies below it."""
    first, second = path.rstrip("/") + "/", ours + "/"
    return first.startswith(second) or second.startswith(first)
