"""The labels that every object of a workspace carries."""

import hashlib
from base64 import urlsafe_b64encode

from chalicelib.domain.targets.kubernetes import names
from chalicelib.domain.targets.target import Object
from chalicelib.wire import labels


def applyset_id(workspace_id: str) -> str:
    """Identity of the workspace's set of objects (KEP-3659, "ApplySet ID")."""
    namespace = names.namespace_of(workspace_id)
    text = f"{names.parent_of(workspace_id)}.{namespace}.ConfigMap."
    digest = hashlib.sha256(text.encode()).digest()
    return f"applyset-{urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def own_labels(workspace_id: str, agent_id: str) -> dict[str, str]:
    """Labels of whatever belongs to the workspace, its namespace and its pods too."""
    return {
        labels.MANAGED_BY: "berth",
        labels.AGENT_ID: agent_id,
        labels.WORKSPACE_ID: workspace_id,
    }


def member(name: str, workspace_id: str, agent_id: str) -> Object:
    """Metadata of a member of the workspace's set."""
    return {
        "name": name,
        "namespace": names.namespace_of(workspace_id),
        "labels": own_labels(workspace_id, agent_id) | {labels.PART_OF: applyset_id(workspace_id)},
    }
