"""The parent ConfigMap of a workspace's set of objects (KEP-3659).

It is written first: its generation is the claim by which a newer order fences older ones.
"""

from collections.abc import Iterable

from chalicelib.domain.targets.kubernetes import metadata, names
from chalicelib.domain.targets.target import Object
from chalicelib.wire import labels

TOOLING = "berth/v1.0.0"
"""Of the way the set is kept, not of the program: an upgrade leaves it."""

KINDS = ",".join(
    sorted(
        (
            "ConfigMap",
            "Deployment.apps",
            "LimitRange",
            "NetworkPolicy.networking.k8s.io",
            "PersistentVolumeClaim",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        )
    )
)
"""Every kind that a set ever holds. Constant, so that pruning needs no memory."""


def parent(
    workspace_id: str,
    agent_id: str,
    *,
    generation: int,
    spec_digest: str,
    secret_names: Iterable[str],
) -> Object:
    """Return the ConfigMap that names the set and claims the generation."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": names.parent_of(workspace_id),
            "namespace": names.namespace_of(workspace_id),
            "labels": metadata.own_labels(workspace_id, agent_id)
            | {labels.APPLYSET_ID: metadata.applyset_id(workspace_id)},
            "annotations": {
                labels.APPLYSET_TOOLING: TOOLING,
                labels.APPLYSET_KINDS: KINDS,
                labels.GENERATION: str(generation),
                labels.SPEC_DIGEST: spec_digest,
                labels.SECRET_NAMES: ",".join(secret_names),
            },
        },
    }
