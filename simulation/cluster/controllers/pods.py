"""The kubelets of all nodes: a life for each pod, and who holds which volume."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.cluster.controllers.claims import Claims
from simulation.cluster.controllers.environment import Environment
from simulation.cluster.controllers.life import Life, Mount
from simulation.cluster.controllers.warnings import Warnings
from simulation.cluster.store import Event, Stored


class Pods:
    """``mounts`` yields what is in use now."""

    def __init__(self, environment: Environment, warnings: Warnings, claims: Claims) -> None:
        self._environment = environment
        self._warnings = warnings
        self._claims = claims
        self._lives: dict[str, Life] = {}

    def changed(self, event: Event) -> None:
        """Take in a change of a pod."""
        uid = event.now.uid
        if event.type == "ADDED":
            self._lives[uid] = Life(self._environment, self._warnings, event.now, self.mounts)
        elif event.type == "DELETED":
            self._lives.pop(uid, None)
            self._claims.pod_gone(event.now.object)
        elif event.now.object["status"]["phase"] == "Failed":
            self._lives[uid].mount = None
        if (
            event.type == "MODIFIED"
            and _leaves(event.now)
            and not (event.before and _leaves(event.before))
        ):
            self._lives[uid].stop()

    def mounts(self) -> Iterator[Mount]:
        """Yield the volumes in use; a pod that terminates uses its own to the end."""
        for life in self._lives.values():
            if life.mount is not None:
                yield life.mount


def _leaves(pod: Stored) -> bool:
    return bool(pod.object["metadata"].get("deletionTimestamp"))
