"""What every step in the life of a pod needs: to be taken only while the pod lives, and to be told."""

from __future__ import annotations

from collections.abc import Callable

from berth_kube import kinds
from simulation.cluster.controllers.environment import Environment, Object
from simulation.cluster.controllers.warnings import Warnings
from simulation.cluster.store import Key, Stored

WHO = "kubelet"
RETRY = 10.0


class Steps:
    """``pod`` is as it was when the present step began."""

    def __init__(self, environment: Environment, warnings: Warnings, pod: Stored) -> None:
        metadata = pod.object["metadata"]
        self._environment = environment
        self._warnings = warnings
        self.pod = pod.object
        self.key: Key = (metadata["namespace"], metadata["name"])
        self.uid = pod.uid

    def at(self, delay: float, step: Callable[[], None]) -> None:
        """Take a step after so many seconds, if the pod still lives."""
        self._environment.after(delay, lambda: self._if_alive(step))

    def later(self, span: tuple[float, float], step: Callable[[], None]) -> None:
        """Take a step after a time that is drawn."""
        self.at(self._environment.span(span), step)

    def again(self, step: Callable[[], None]) -> None:
        """Take a step at the next attempt."""
        self.at(self._environment.chance.uniform(0.5, 1.5) * RETRY, step)

    def put(self, status: Object) -> None:
        """Write the pod's status."""
        self._environment.status(kinds.POD, self.key, status, WHO)

    def warn(self, reason: str, message: str, field: str = "") -> None:
        """Write a Warning event about the pod, or about one container of it."""
        self._warnings.warn(self.pod, reason, message, field_path=field)

    def end(self) -> None:
        """Take the pod away, whatever state it is in."""
        live = self._environment.store.get(kinds.POD, *self.key)
        if live is not None and live.uid == self.uid:
            self._environment.delete(kinds.POD, live, WHO, now=True)

    def _if_alive(self, step: Callable[[], None]) -> None:
        live = self._environment.store.get(kinds.POD, *self.key)
        if live is None or live.uid != self.uid or live.object["status"]["phase"] == "Failed":
            return
        if not live.object["metadata"].get("deletionTimestamp"):
            self.pod = live.object
            step()


def condition(kind: str, status: str, reason: str = "", message: str = "") -> Object:
    """Return a condition of a pod."""
    made = {"type": kind, "status": status}
    if reason:
        made["reason"] = reason
    if message:
        made["message"] = message
    return made
