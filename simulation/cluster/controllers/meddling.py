"""An administrator who changes by hand what the agent made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from berth_kube import kinds
from berth_kube.kinds import Kind
from chalicelib.wire import labels
from simulation.cluster.controllers.environment import Environment
from simulation.cluster.store import Author, Object, Stored

ADMIN = Author("admin", "kubectl-edit")
MEMBERS = (
    kinds.SERVICE,
    kinds.NETWORK_POLICY,
    kinds.SERVICE_ACCOUNT,
    kinds.RESOURCE_QUOTA,
    kinds.LIMIT_RANGE,
    kinds.SECRET,
    kinds.DEPLOYMENT,
)
"""What may be deleted: never a volume claim, whose loss nobody can heal."""


class Meddler:
    """Each method picks its victim among the objects of workspaces; it returns None without one."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def meddle(self) -> Stored | None:
        """Do one of all."""
        deeds: tuple[Callable[[], Stored | None], ...] = (
            self.delete_member,
            self.delete_pod,
            self.relabel,
            self.scale,
        )
        return self._environment.chance.choice(deeds)()

    def delete_member(self) -> Stored | None:
        """Delete a member of a workspace's set, its Deployment perhaps."""
        kind = self._environment.chance.choice(MEMBERS)
        return self._delete(kind)

    def delete_deployment(self) -> Stored | None:
        """Delete a Deployment."""
        return self._delete(kinds.DEPLOYMENT)

    def delete_pod(self) -> Stored | None:
        """Delete a pod."""
        return self._delete(kinds.POD)

    def relabel(self) -> Stored | None:
        """Add a label to a Deployment, and take one of ours away from time to time."""

        def relabelled(thing: Object) -> Object:
            found = {**(thing["metadata"].get("labels") or {}), "team": "blue"}
            if self._environment.chance.random() < 0.5:
                found.pop(labels.MANAGED_BY, None)
            return _with(thing, labels=found)

        return self._edit(kinds.DEPLOYMENT, relabelled)

    def scale(self, replicas: int | None = None) -> Stored | None:
        """Scale a Deployment, to 0 or 1 as it happens, whatever was wanted."""
        if replicas is None:
            replicas = self._environment.chance.randint(0, 1)
        return self._edit(
            kinds.DEPLOYMENT,
            lambda thing: {**thing, "spec": {**thing["spec"], "replicas": replicas}},
        )

    def _delete(self, kind: Kind) -> Stored | None:
        victim = self._victim(kind)
        if victim is not None:
            self._environment.delete(kind, victim, ADMIN.caller)
        return victim

    def _edit(self, kind: Kind, change: Callable[[Object], Object]) -> Stored | None:
        victim = self._victim(kind)
        if victim is None:
            return None
        metadata = victim.object["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        return self._environment.registry.edit(kind, key, change, ADMIN)

    def _victim(self, kind: Kind) -> Stored | None:
        found = [
            stored
            for stored in self._environment.store.shelf(kind).all()
            if labels.WORKSPACE_ID in (stored.object["metadata"].get("labels") or {})
        ]
        return self._environment.chance.choice(found) if found else None


def _with(thing: Object, **metadata: Any) -> Object:
    return {**thing, "metadata": {**thing["metadata"], **metadata}}
