"""Objects for the contract suite."""

from __future__ import annotations

from typing import Any

import msgspec

Object = dict[str, Any]


def config(
    namespace: str, name: str = "one", *, labels: Object | None = None, **data: str
) -> Object:
    """A ConfigMap."""
    metadata: Object = {"name": name, "namespace": namespace}
    if labels is not None:
        metadata["labels"] = labels
    body: Object = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}
    return {**body, "data": data} if data else body


def lease(namespace: str, holder: str = "me") -> Object:
    """A Lease."""
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {"holderIdentity": holder},
    }


def deployment(namespace: str, **metadata: Any) -> Object:
    """A Deployment of no pods."""
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "one", "namespace": namespace, **metadata},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "one"}},
            "template": {
                "metadata": {"labels": {"app": "one"}},
                "spec": {"containers": [container()]},
            },
        },
    }


def container(name: str = "main", **env: str) -> Object:
    """A container."""
    made: Object = {"name": name, "image": "localhost/none:1"}
    if env:
        made["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return made


def pod(namespace: str, *, node: str = "") -> Object:
    """A pod, on a node that nobody looks after or on none."""
    spec: Object = {"containers": [container()]}
    if node:
        spec["nodeName"] = node
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": spec,
    }


def claim(namespace: str) -> Object:
    """A volume claim."""
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "one", "namespace": namespace},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
        },
    }


def event(namespace: str, name: str, kind: str) -> Object:
    """An event about a pod; ``kind`` is Warning or Normal."""
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {"kind": "Pod", "name": "one", "namespace": namespace},
        "type": kind,
        "reason": "Tried",
        "message": "it was tried",
    }


def status_of(body: bytes) -> Object:
    """A Status out of an answer."""
    found: Object = msgspec.json.decode(body)
    return found
