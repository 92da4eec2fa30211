"""What a Deployment says of itself: counters and conditions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from simulation.cluster.store import Stored

Object = dict[str, Any]
_AVAILABLE = {
    True: ("MinimumReplicasAvailable", "Deployment has minimum availability."),
    False: ("MinimumReplicasUnavailable", "Deployment does not have minimum availability."),
}
_PROGRESSING = {
    "NewReplicaSetCreated": 'Created new replica set "{name}"',
    "ReplicaSetUpdated": 'ReplicaSet "{name}" is progressing.',
    "NewReplicaSetAvailable": 'ReplicaSet "{name}" has successfully progressed.',
    "ProgressDeadlineExceeded": 'ReplicaSet "{name}" has timed out progressing.',
}


@dataclass(frozen=True, slots=True)
class Seen:
    """Pods of a Deployment: active ones of its template, and all that are left of others."""

    template: str
    active: list[Stored]
    outdated: list[Stored]

    @property
    def available(self) -> int:
        """Active and ready."""
        return sum(_is_ready(pod) for pod in self.active)


class Rollout:
    """How far the present template has come; the deadline counts from the last step forward."""

    def __init__(self, now: float) -> None:
        self._template = ""
        self._reason = ""
        self._since = now
        self._counts = (0, 0, 0)
        self._limit = 0.0

    def status(self, live: Object, seen: Seen, refusal: str, now: float) -> Object:
        """Return the status for what is seen."""
        wanted, current = live["spec"]["replicas"], len(seen.active)
        outdated = [pod for pod in seen.outdated if not _is_leaving(pod)]
        self._limit = float(live["spec"]["progressDeadlineSeconds"])
        self._step(wanted, seen, len(outdated), now)
        counted = {
            "replicas": current + len(outdated),
            "updatedReplicas": current,
            "readyReplicas": seen.available,
            "availableReplicas": seen.available,
            "unavailableReplicas": max(wanted - seen.available, 0),
        }
        status: Object = {name: count for name, count in counted.items() if count}
        status["observedGeneration"] = live["metadata"]["generation"]
        name = f"{live['metadata']['name']}-{seen.template}"
        status["conditions"] = self._conditions(name, refusal, enough=seen.available >= wanted)
        return status

    def deadline(self, now: float) -> float | None:
        """Seconds until the rollout has taken too long; None when that cannot be."""
        if self._reason in ("NewReplicaSetAvailable", "ProgressDeadlineExceeded"):
            return None
        return max(self._since + self._limit - now, 0.1)

    def _step(self, wanted: int, seen: Seen, outdated: int, now: float) -> None:
        counts = (len(seen.active), seen.available, -outdated)
        complete = counts == (wanted, wanted, 0)
        if seen.template != self._template:
            self._template, self._reason, self._since = seen.template, "NewReplicaSetCreated", now
        elif self._reason == "NewReplicaSetAvailable":
            pass
        elif any(new > old for new, old in zip(counts, self._counts, strict=True)):
            self._reason, self._since = "ReplicaSetUpdated", now
        elif now >= self._since + self._limit:
            self._reason = "ProgressDeadlineExceeded"
        if complete:
            self._reason = "NewReplicaSetAvailable"
        self._counts = counts

    def _conditions(self, name: str, refusal: str, *, enough: bool) -> list[Object]:
        reason, message = _AVAILABLE[enough]
        said = _PROGRESSING[self._reason].format(name=name)
        failed = self._reason == "ProgressDeadlineExceeded"
        conditions = [
            _condition("Available", enough, reason, message),
            _condition("Progressing", not failed, self._reason, said),
        ]
        if refusal:
            conditions.append(_condition("ReplicaFailure", True, "FailedCreate", refusal))
        return conditions


def _condition(kind: str, holds: bool, reason: str, message: str) -> Object:  # noqa: FBT001 - the status of a condition
    status = "True" if holds else "False"
    return {"type": kind, "status": status, "reason": reason, "message": message}


def _is_ready(pod: Stored) -> bool:
    conditions = pod.object["status"].get("conditions") or ()
    return any(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def _is_leaving(pod: Stored) -> bool:
    return bool(pod.object["metadata"].get("deletionTimestamp"))
