"""A devfile's commands at events, as Kubernetes runs them.

preStart commands are init containers. postStart commands run in the background: as a lifecycle
hook that is waited for, a failing one would kill the container and keep the editor away. preStop
commands are waited for, for as long as a pod may take to end.
"""

import shlex
from collections.abc import Iterable, Sequence

from chalicelib.domain.targets.kubernetes import names
from chalicelib.domain.targets.plan import PlannedContainer, PlannedHook
from chalicelib.domain.targets.target import Object

_SHELL = f"{names.TOOLS_PATH}/bin/dash"
"""Ours: the user's image may have none."""


def lifecycle(container: PlannedContainer) -> Object:
    """Return the container's ``lifecycle``; empty without hooks."""
    found: Object = {}
    if container.after_start:
        script = f"{_steps(container, container.after_start, 'after-start')} &"
        found["postStart"] = _exec(script)
    if container.before_stop:
        # A command that fails is no reason for a warning of the cluster's.
        script = f"{_steps(container, container.before_stop, 'before-stop')}; exit 0"
        found["preStop"] = _exec(script)
    return found


def before_start(
    containers: Iterable[PlannedContainer],
) -> list[tuple[PlannedContainer, PlannedHook]]:
    """Return all preStart commands with their containers, in order of the event."""
    found = [(container, hook) for container in containers for hook in container.before_start]
    return sorted(found, key=lambda pair: pair[1].place)


def _steps(container: PlannedContainer, hooks: Sequence[PlannedHook], event: str) -> str:
    """Return a shell command that runs each hook in turn and writes what they say to a file.

    All of its own streams are redirected: the exec would otherwise wait for them to close.
    """
    ordered = sorted(hooks, key=lambda hook: hook.place)
    log = f"{names.RUN_PATH}/{event}-{container.name}.log"
    return f"( {'; '.join(map(_step, ordered))} ) </dev/null >{shlex.quote(log)} 2>&1"


def _step(hook: PlannedHook) -> str:
    change = f"cd {shlex.quote(hook.directory)} && " if hook.directory else ""
    return f"( {change}{shlex.join(hook.argv)} )"


def _exec(script: str) -> Object:
    # No ``literal`` here: Kubernetes expands $(NAME) in command and args alone, not in handlers.
    return {"exec": {"command": [_SHELL, "-c", script]}}
