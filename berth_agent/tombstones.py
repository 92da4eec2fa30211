"""Tombstones: ConfigMaps in the agent's own namespace that forbid to create a workspace again."""

from __future__ import annotations

from berth_kube.client import Object
from berth_kube.projections import ConfigMap, number_of
from chalicelib.wire import labels

SELECTED = "true"
"""Value of the tombstone label, by which they are watched."""


def name_of(workspace_id: str) -> str:
    """Name of the workspace's tombstone."""
    return f"berth-tombstone-{workspace_id}"


def generation_of(tombstone: ConfigMap) -> int:
    """Generation of the order to terminate; 0 when somebody wrote nonsense into it."""
    return number_of(tombstone.data.get("generation", ""))


def render(workspace_id: str, agent_id: str, namespace: str, data: dict[str, str]) -> Object:
    """The tombstone as an object; ``data`` holds ``generation`` and ``namespace-uid``."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": name_of(workspace_id),
            "namespace": namespace,
            "labels": {
                labels.MANAGED_BY: "berth",
                labels.AGENT_ID: agent_id,
                labels.WORKSPACE_ID: workspace_id,
                labels.TOMBSTONE: SELECTED,
            },
        },
        "data": data,
    }
