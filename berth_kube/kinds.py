"""The kinds that Berth speaks of, and where the API serves them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of object; ``plural`` is its name in paths."""

    name: str
    api_version: str
    plural: str
    namespaced: bool = True

    @property
    def group_kind(self) -> str:
        """``Kind.group`` as ApplySets write it; the core group has no suffix."""
        group, _, version = self.api_version.rpartition("/")
        return f"{self.name}.{group}" if version and group else self.name

    def path(self, namespace: str = "", name: str = "") -> str:
        """Path of one object, or of the collection when ``name`` is empty."""
        root = "/api" if "/" not in self.api_version else "/apis"
        parts = [root, "/", self.api_version]
        if namespace and self.namespaced:
            parts += ["/namespaces/", namespace]
        parts += ["/", self.plural]
        if name:
            parts += ["/", name]
        return "".join(parts)


NAMESPACE = Kind("Namespace", "v1", "namespaces", namespaced=False)
CONFIG_MAP = Kind("ConfigMap", "v1", "configmaps")
SECRET = Kind("Secret", "v1", "secrets")
SERVICE = Kind("Service", "v1", "services")
SERVICE_ACCOUNT = Kind("ServiceAccount", "v1", "serviceaccounts")
RESOURCE_QUOTA = Kind("ResourceQuota", "v1", "resourcequotas")
LIMIT_RANGE = Kind("LimitRange", "v1", "limitranges")
VOLUME_CLAIM = Kind("PersistentVolumeClaim", "v1", "persistentvolumeclaims")
POD = Kind("Pod", "v1", "pods")
EVENT = Kind("Event", "v1", "events")
DEPLOYMENT = Kind("Deployment", "apps/v1", "deployments")
NETWORK_POLICY = Kind("NetworkPolicy", "networking.k8s.io/v1", "networkpolicies")
ROLE_BINDING = Kind("RoleBinding", "rbac.authorization.k8s.io/v1", "rolebindings")
LEASE = Kind("Lease", "coordination.k8s.io/v1", "leases")

ALL = (
    NAMESPACE,
    CONFIG_MAP,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    RESOURCE_QUOTA,
    LIMIT_RANGE,
    VOLUME_CLAIM,
    POD,
    EVENT,
    DEPLOYMENT,
    NETWORK_POLICY,
    ROLE_BINDING,
    LEASE,
)

_BY_TYPE = {(kind.api_version, kind.name): kind for kind in ALL}
_BY_GROUP_KIND = {kind.group_kind: kind for kind in ALL}


def kind_of(api_version: str, name: str) -> Kind | None:
    """The kind with this ``apiVersion`` and ``kind``, or None when Berth knows no such."""
    return _BY_TYPE.get((api_version, name))


def kind_of_group_kind(group_kind: str) -> Kind | None:
    """The kind that an ApplySet writes like this, or None."""
    return _BY_GROUP_KIND.get(group_kind)
