"""The containers of one pod: how far each has come, and how the kubelet says it."""

from __future__ import annotations

from typing import Any

from simulation.cluster.stamps import stamp

Object = dict[str, Any]
_INIT = "initContainers"


class Containers:
    """Init containers first, in order; then the others."""

    def __init__(self, spec: Object) -> None:
        init = spec.get(_INIT) or ()
        self.specs: list[Object] = [*init, *spec["containers"]]
        self._init = len(init)
        self._states: list[Object] = [
            {
                "name": stated["name"],
                "image": stated.get("image", ""),
                "ready": False,
                "restartCount": 0,
                "state": {"waiting": {"reason": "PodInitializing"}},
            }
            for stated in self.specs
        ]

    def is_init(self, index: int) -> bool:
        """Whether this container must end before the next starts."""
        return index < self._init

    def field(self, index: int) -> str:
        """How events name the container."""
        section = _INIT if self.is_init(index) else "containers"
        return f"spec.{section}{{{self.specs[index]['name']}}}"

    def restarts(self, index: int) -> int:
        """How often it ended badly."""
        return int(self._states[index]["restartCount"])

    def wait(self, index: int, reason: str, message: str = "") -> None:
        """It does not run, for this reason."""
        waiting = {"reason": reason, "message": message} if message else {"reason": reason}
        self._set(index, {"waiting": waiting})

    def run(self, index: int, now: float) -> None:
        """It runs, and is not ready."""
        self._set(index, {"running": {"startedAt": stamp(now)}})

    def ready(self, index: int) -> None:
        """It serves."""
        self._states[index] = {**self._states[index], "ready": True}

    def end(self, index: int, code: int, reason: str, now: float) -> None:
        """It ended; badly unless ``code`` is 0."""
        ended = {"exitCode": code, "reason": reason, "finishedAt": stamp(now)}
        if code and self.is_init(index):
            ended["message"] = "fatal: unable to access the repository"
        self._set(index, {"terminated": ended}, ready=code == 0)
        if code:
            state = self._states[index]
            restarts = state["restartCount"] + 1
            self._states[index] = {
                **state,
                "restartCount": restarts,
                "lastState": {"terminated": ended},
            }

    def statuses(self) -> Object:
        """Return them as a pod's status has them."""
        return {
            "initContainerStatuses": self._states[: self._init],
            "containerStatuses": self._states[self._init :],
        }

    def are_ready(self) -> bool:
        """Whether all that must run serve."""
        return all(state["ready"] for state in self._states[self._init :])

    def are_initialised(self) -> bool:
        """Whether the init containers are done."""
        return all(state["ready"] for state in self._states[: self._init])

    def _set(self, index: int, state: Object, *, ready: bool = False) -> None:
        self._states[index] = {**self._states[index], "state": state, "ready": ready}
