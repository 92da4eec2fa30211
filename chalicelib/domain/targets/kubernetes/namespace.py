"""The workspace's namespace, where the API server refuses pods that are not restricted."""

from chalicelib.domain.targets.kubernetes import metadata, names
from chalicelib.domain.targets.target import Object

POD_SECURITY_VERSION = "v1.30"
"""Pinned: an upgrade of the cluster changes no rule unasked. An older cluster takes its latest."""


def namespace(workspace_id: str, agent_id: str) -> Object:
    """Return the Namespace under the ``restricted`` Pod Security Standard."""
    security = {
        f"pod-security.kubernetes.io/{mode}{suffix}": value
        for mode in ("enforce", "warn", "audit")
        for suffix, value in (("", "restricted"), ("-version", POD_SECURITY_VERSION))
    }
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": names.namespace_of(workspace_id),
            "labels": metadata.own_labels(workspace_id, agent_id) | security,
        },
    }
