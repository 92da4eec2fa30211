"""Live objects as the API server shows them, for tests without one."""

from __future__ import annotations

from typing import Any

import msgspec

from berth_agent.events import Changed, Watched
from berth_kube.projections import ConfigMap, Deployment, Event, Namespace, Pod
from berth_kube.reflector import Change
from chalicelib.wire import labels
from tests.agent.orders import AGENT


def _metadata(workspace_id: str, name: str, version: int, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "namespace": labels.namespace_of(workspace_id),
        "uid": f"uid-{name}",
        "resourceVersion": str(version),
        "labels": {labels.WORKSPACE_ID: workspace_id, labels.AGENT_ID: AGENT},
        **more,
    }


def namespace(workspace_id: str, version: int, *, leaving: bool = False) -> Namespace:
    """A workspace's namespace."""
    metadata = _metadata(workspace_id, labels.namespace_of(workspace_id), version, namespace="")
    if leaving:
        metadata["deletionTimestamp"] = "2026-11-01T00:00:00Z"
    return msgspec.convert({"metadata": metadata}, Namespace)


def deployment(
    workspace_id: str,
    version: int,
    *,
    generation: int | str = 1,
    available: int = 1,
    replicas: int = 1,
) -> Deployment:
    """A workspace's Deployment, current in its status."""
    annotations = {
        labels.GENERATION: str(generation),
        labels.SPEC_DIGEST: "spec",
        labels.SECRETS_DIGEST: "secrets",
    }
    metadata = _metadata(workspace_id, "workspace", version, generation=3, annotations=annotations)
    status = {
        "observedGeneration": 3,
        "replicas": replicas,
        "updatedReplicas": replicas,
        "availableReplicas": available,
    }
    body = {"metadata": metadata, "spec": {"replicas": replicas}, "status": status}
    return msgspec.convert(body, Deployment)


def pod(
    workspace_id: str,
    version: int,
    *,
    name: str = "workspace-1",
    waiting: str = "",
    init: dict[str, Any] | None = None,
    containers: list[dict[str, Any]] | None = None,
    conditions: list[dict[str, Any]] | None = None,
) -> Pod:
    """A workspace's pod; ``waiting``: the reason of its one container."""
    statuses = containers
    if waiting:
        statuses = [{"name": "dev", "state": {"waiting": {"reason": waiting, "message": "why"}}}]
    status = {
        "phase": "Pending",
        "containerStatuses": statuses or [],
        "initContainerStatuses": [init] if init else [],
        "conditions": conditions or [],
    }
    return msgspec.convert(
        {"metadata": _metadata(workspace_id, name, version), "status": status}, Pod
    )


def warning(
    workspace_id: str,
    version: int,
    reason: str,
    about: Pod | None = None,
    *,
    field: str = "",
    message: str = "why",
) -> Event:
    """A Warning event about a pod, or about a container of it (``field``)."""
    involved = (
        {"kind": "Pod", "name": about.metadata.name, "uid": about.metadata.uid, "fieldPath": field}
        if about
        else {}
    )
    metadata = _metadata(workspace_id, f"{reason}.{version}", version, labels={})
    body = {"metadata": metadata, "involvedObject": involved, "reason": reason, "message": message}
    return msgspec.convert(body, Event)


def tombstone(workspace_id: str, version: int, generation: int | str) -> ConfigMap:
    """A workspace's tombstone."""
    metadata = _metadata(
        workspace_id, f"berth-tombstone-{workspace_id}", version, namespace="berth"
    )
    return msgspec.convert(
        {"metadata": metadata, "data": {"generation": str(generation)}}, ConfigMap
    )


def seen(item: Watched, old: Watched | None = None) -> Changed:
    """A change to this object."""
    return Changed(Change(old, item, int(item.metadata.resource_version)))


def gone(item: Watched, version: int) -> Changed:
    """The deletion of this object."""
    return Changed(Change(item, None, version))
