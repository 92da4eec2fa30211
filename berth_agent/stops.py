"""Whether a workspace has really stopped.

Watches are not in step with each other: the Deployment's may tell that it is scaled down when the
pods' has not even told of the pod that still ends. So before a workspace is told as stopped, and
before it is started again, its pods are read from the API server itself.
"""

from __future__ import annotations

from collections.abc import Iterator

from berth_agent.commands import Look
from berth_kube import kinds
from berth_kube.client import Client
from chalicelib.wire.labels import namespace_of
from chalicelib.wire.reconcile import WorkspaceReport

UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"
"""Pods that may still write to their volumes, as a field selector."""
LOOK_AGAIN = 1.0
"""Seconds until the pods are read again where some were left, or none could be read."""


def pods_left(client: Client, workspace_id: str) -> int:
    """Count the pods that did not end. Raises ``KubernetesError``."""
    place = namespace_of(workspace_id)
    return len(client.list_metadata(kinds.POD, namespace=place, fields=UNFINISHED))


class Stops:
    """Which stops are sure: for each workspace, the generation of its Deployment's spec."""

    def __init__(self) -> None:
        self._sure: dict[str, int] = {}
        self._wanted: dict[str, int] = {}
        self._looking: set[str] = set()

    def check(self, report: WorkspaceReport) -> WorkspaceReport:
        """Return what may be told: a stop that is not sure still has a pod, and is looked at."""
        workspace_id, live = report.workspace_id, report.deployment
        if live is None:
            self._sure.pop(workspace_id, None)
            return report
        is_down = live.replicas == 0 and live.current == 0 and report.pods == 0
        if not is_down or self._sure.get(workspace_id) == live.generation:
            return report
        self._wanted[workspace_id] = live.generation
        return report.model_copy(update={"pods": 1})

    def looked(self, workspace_id: str, generation: int, pods: int | None) -> bool:
        """Take in how many pods were left; whether the stop is sure now."""
        self._looking.discard(workspace_id)
        if pods == 0:
            self._sure[workspace_id] = generation
        return pods == 0

    def take(self) -> Iterator[Look]:
        """Yield what is to be looked at now."""
        wanted, self._wanted = self._wanted, {}
        for workspace_id, generation in wanted.items():
            if workspace_id not in self._looking:
                self._looking.add(workspace_id)
                yield Look(workspace_id, generation)
