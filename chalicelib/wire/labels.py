"""Names that the control plane writes into Kubernetes objects and the agent and the proxy read.

A label or annotation key here is for ever: live objects carry it.
"""

DOMAIN = "berth.dev"

# Labels.
WORKSPACE_ID = f"{DOMAIN}/workspace-id"
AGENT_ID = f"{DOMAIN}/agent-id"
TOMBSTONE = f"{DOMAIN}/tombstone"
PART_OF = "applyset.kubernetes.io/part-of"
APPLYSET_ID = "applyset.kubernetes.io/id"
MANAGED_BY = "app.kubernetes.io/managed-by"

# Annotations of the parent ConfigMap and of the Deployment.
GENERATION = f"{DOMAIN}/generation"
"""Generation of the order that wrote the object. On the Deployment, the last object of a set, it
is the acknowledgement; on the parent ConfigMap, the first, it is the claim."""
SPEC_DIGEST = f"{DOMAIN}/spec-digest"
SECRETS_DIGEST = f"{DOMAIN}/secrets-digest"
SECRET_NAMES = f"{DOMAIN}/secret-names"
"""On the parent: comma-separated names of every Secret that the set ever held. Secrets are pruned
by these names, never by LIST."""
APPLYSET_TOOLING = "applyset.kubernetes.io/tooling"
APPLYSET_KINDS = "applyset.kubernetes.io/contains-group-kinds"

# Annotations of the workspace's Service, read by the proxy.
ENDPOINTS = f"{DOMAIN}/endpoints"
"""JSON list of ``{"port": int, "name": str, "exposure": str, "protocol": str}``."""
SERVING = f"{DOMAIN}/serving"
"""``"true"`` while the workspace is wanted running; the proxy routes to no other."""
WORKSPACE_NAME = f"{DOMAIN}/workspace-name"

FIELD_MANAGER = "berth-agent"
"""Field manager of every server-side apply. A rename would orphan fields."""

PROXY_LABEL = f"{DOMAIN}/proxy"
"""Label (value ``"true"``) of the proxy's pods; network policies admit them."""

WORKSPACE_ROLE = "berth-workspace-writer"
"""ClusterRole that the agent binds to itself in each workspace namespace."""


def namespace_of(workspace_id: str) -> str:
    """Name of the workspace's namespace, and of its parent ConfigMap inside it."""
    return f"berth-{workspace_id}"
