"""Whether a workspace has really stopped, or ended.

Watches are not in step with each other: the Deployment's may tell that it is scaled down when the
pods' has not even told of the pod that still ends, and a watch of namespaces that was cut may miss
that one is back. So before a workspace is told as stopped or as gone for good, and before it is
started again, what is left of it is read from the API server itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from berth_agent.commands import Look
from berth_agent.ownership import Owner
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.projections import FINISHED, Namespace
from chalicelib.wire.labels import namespace_of
from chalicelib.wire.reconcile import WorkspaceReport

UNFINISHED = ",".join(f"status.phase!={phase}" for phase in FINISHED)
"""Pods that may still write to their volumes, as a field selector."""
AT_ONCE = 8
"""Looks that are under way at most: an agent that starts has all its stopped workspaces to look at."""
LOOK_AGAIN = 1.0
"""Seconds until the pods are read again where some were left, or none could be read."""


def pods_left(client: Client, workspace_id: str) -> int:
    """Count the pods that did not end, or are being removed. Raises ``KubernetesError``."""
    place = namespace_of(workspace_id)
    if unfinished := client.list_metadata(kinds.POD, namespace=place, fields=UNFINISHED):
        return len(unfinished)
    ended = client.list_metadata(kinds.POD, namespace=place)
    return sum(bool(pod.metadata.deletion_timestamp) for pod in ended)


def left_of(client: Client, owner: Owner, command: Look) -> int:
    """Count what a look asks for. Raises ``KubernetesError``."""
    if not command.ends:
        return pods_left(client, command.workspace_id)
    live = client.get(kinds.NAMESPACE, namespace_of(command.workspace_id), Namespace)
    return int(live is not None and owner.owns(live, command.workspace_id))


class Stops:
    """Which stops and ends are sure: for each workspace its last look, and what that found."""

    def __init__(self, at_once: int = AT_ONCE) -> None:
        self._at_once = at_once
        self._found: dict[str, tuple[Look, int]] = {}
        self._wanted: dict[str, Look] = {}
        self._looking: set[str] = set()

    def check(self, report: WorkspaceReport) -> WorkspaceReport:
        """Return what may be told, and want a look at what is not sure: such an end is told as still
        under way, such a stop with the pods that the last look found, uncounted before the first."""
        look = _needed(report)
        if look is None:
            self._found.pop(report.workspace_id, None)
            self._wanted.pop(report.workspace_id, None)
            return report
        looked, left = self._found.get(report.workspace_id, (None, None))
        if looked != look:
            left = None
        if left == 0:
            return report
        self._wanted[report.workspace_id] = look
        return report.model_copy(
            update={"namespace": "Terminating"} if look.ends else {"pods": left}
        )

    def looked(self, look: Look, left: int | None) -> bool:
        """Take in how much was left, None for a look that failed; whether it is sure now."""
        self._looking.discard(look.workspace_id)
        if left is not None:
            self._found[look.workspace_id] = look, left
        return left == 0

    def take(self) -> Iterator[Look]:
        """Yield what is to be looked at now: those that wait longest, no more than may run."""
        room = max(self._at_once - len(self._looking), 0)
        ready = islice((i for i in self._wanted if i not in self._looking), room)
        for workspace_id in list(ready):
            self._looking.add(workspace_id)
            yield self._wanted.pop(workspace_id)


def _needed(report: WorkspaceReport) -> Look | None:
    """Return the look that a report needs before it may be told; None for most."""
    if report.tombstone is not None and report.namespace == "Absent":
        return Look(report.workspace_id, report.tombstone, ends=True)
    live = report.deployment
    if live is None or live.replicas or live.current or report.pods:
        return None
    return Look(report.workspace_id, live.generation)
