"""What a namespace may hold: ServiceAccount without rights, ResourceQuota and LimitRange.

Both limits admit what the workspace's own plan needs and nothing larger.
"""

from chalicelib.domain.targets.kubernetes import metadata, names
from chalicelib.domain.targets.kubernetes.resources import Amount, Need
from chalicelib.domain.targets.target import Object

PODS = 2
"""One that runs, and one that is still ending: a replacement must not wait for the quota, whose
count lags behind. The compute quota is for as many."""

COUNTS = {
    "pods": str(PODS),
    "services": "1",
    "services.loadbalancers": "0",
    "services.nodeports": "0",
    "persistentvolumeclaims": "1",
    "secrets": "5",
    # The parent, the trust bundle, and the root certificate that every cluster puts there.
    "configmaps": "5",
}


def service_account(workspace_id: str, agent_id: str) -> Object:
    """Return the account of the pods: nothing is bound to it and no token is mounted."""
    return {
        "apiVersion": "v1",
        "kind": "ServiceAccount",
        "metadata": metadata.member(names.SERVICE_ACCOUNT, workspace_id, agent_id),
        "automountServiceAccountToken": False,
    }


def resource_quota(workspace_id: str, agent_id: str, *, need: Need, disk: str) -> Object:
    """Return the quota for a pod of this need and a claim of this size."""
    compute = {
        f"{side}.{name}": quantity
        for side, amount in (("requests", need.request), ("limits", need.limit))
        for name, quantity in _times(amount, PODS).quantities().items()
    }
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": metadata.member(names.GUARD, workspace_id, agent_id),
        "spec": {"hard": compute | COUNTS | {"requests.storage": disk}},
    }


def limit_range(workspace_id: str, agent_id: str, *, largest: Amount, disk: str) -> Object:
    """Return the limits of a single container and a single claim."""
    most = largest.quantities()
    return {
        "apiVersion": "v1",
        "kind": "LimitRange",
        "metadata": metadata.member(names.GUARD, workspace_id, agent_id),
        "spec": {
            "limits": [
                # The defaults are stated because the API server would fill in its own.
                {"type": "Container", "max": most, "default": most, "defaultRequest": most},
                {"type": "PersistentVolumeClaim", "max": {"storage": disk}},
            ]
        },
    }


def _times(amount: Amount, factor: int) -> Amount:
    return Amount(amount.cpu * factor, amount.memory * factor, amount.storage * factor)
