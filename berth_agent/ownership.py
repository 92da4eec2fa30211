"""What the agent agrees to touch, whatever the control plane asks.

The control plane can ask; this list and the agent's RBAC decide. A namespace is ours only if its
labels, set when it was created, name this agent and this workspace.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from berth_kube import kinds
from berth_kube.kinds import Kind, kind_of
from berth_kube.projections import Live
from chalicelib.wire import labels
from chalicelib.wire.reconcile import ApplyError, ApplyOrder, Object

MEMBERS = (
    kinds.RESOURCE_QUOTA,
    kinds.LIMIT_RANGE,
    kinds.SERVICE_ACCOUNT,
    kinds.SECRET,
    kinds.CONFIG_MAP,
    kinds.VOLUME_CLAIM,
    kinds.NETWORK_POLICY,
    kinds.SERVICE,
)
"""Kinds of a workspace's set beside Namespace, parent and Deployment, in order of application."""

PROXY = (kinds.CONFIG_MAP, kinds.SECRET, kinds.SERVICE, kinds.DEPLOYMENT)
"""Kinds of the proxy's objects, in order of application."""
PROXY_PREFIX = "berth-proxy"
"""What the proxy's objects are called: nothing else of our namespace is theirs to change."""


class Refused(Exception):
    """We do not do that, now or later."""

    def __init__(self, message: str, *, kind: str = "", name: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        self.name = name

    def as_error(self, generation: int) -> ApplyError:
        """As it is reported. Status 0: it never reached the API server."""
        return ApplyError(
            generation=generation,
            kind=self.kind[:128] or "Order",
            name=self.name[:128],
            status=0,
            reason="RefusedByAgent",
            message=str(self)[:512],
            final=True,
        )


@dataclass(frozen=True, slots=True)
class Owner:
    """Who we are: the agent's id, and the namespace and ServiceAccount it runs in and as."""

    agent_id: str
    namespace: str
    service_account: str = "berth-agent"

    def owns(self, live: Live, workspace_id: str) -> bool:
        """Whether a live object carries this agent's and this workspace's labels."""
        found = live.metadata.labels
        return found.agent_id == self.agent_id and found.workspace_id == workspace_id


@dataclass(frozen=True, slots=True)
class Group:
    """A checked order, its objects sorted by their part in the application."""

    order: ApplyOrder
    namespace: Object
    parent: Object
    members: tuple[Object, ...]
    deployment: Object

    @property
    def place(self) -> str:
        """Name of the workspace's namespace."""
        return labels.namespace_of(self.order.workspace_id)

    @property
    def part_of(self) -> str:
        """Id of the set, as members carry it."""
        identity: str = self.parent["metadata"]["labels"][labels.APPLYSET_ID]
        return identity


def group_of(order: ApplyOrder, owner: Owner) -> Group:
    """Check every object of an order. Raises ``Refused`` with the first that is not allowed."""
    place = labels.namespace_of(order.workspace_id)
    if not is_free(place, owner):
        raise Refused(f"{place} is no namespace for a workspace")
    objects = [*order.objects, *(order.secrets or ())]
    found: dict[Kind, list[Object]] = {}
    for thing in objects:
        found.setdefault(_checked(thing, order.workspace_id, owner), []).append(thing)
    _check_secrets(order)
    configs = found.get(kinds.CONFIG_MAP, [])
    parents = [c for c in configs if c["metadata"]["name"] == place]
    namespace = _only(found.get(kinds.NAMESPACE, []), "Namespace")
    parent = _only(parents, "parent ConfigMap")
    deployment = _only(found.get(kinds.DEPLOYMENT, []), "Deployment")
    _check_claims(order, parent, deployment)
    members = tuple(
        thing for kind in MEMBERS for thing in found.get(kind, []) if thing is not parent
    )
    part_of = parent["metadata"]["labels"].get(labels.APPLYSET_ID, "")
    for thing in (*members, deployment):
        if not part_of or thing["metadata"]["labels"].get(labels.PART_OF) != part_of:
            raise _refusal(thing, "is not part of the workspace's set")
    return Group(order, namespace, parent, members, deployment)


def is_free(namespace: str, owner: Owner) -> bool:
    """Whether a namespace of this name may be a workspace's at all."""
    reserved = namespace in ("", "default", owner.namespace)
    return not reserved and not namespace.startswith("kube-")


def check_proxy(objects: tuple[Object, ...], owner: Owner) -> tuple[Object, ...]:
    """The proxy's objects in order of application. Raises ``Refused``."""
    ranked: list[tuple[int, Object]] = []
    for thing in objects:
        kind = kind_of(str(thing.get("apiVersion")), str(thing.get("kind")))
        metadata = thing.get("metadata") or {}
        if kind is None or kind not in PROXY:
            raise _refusal(thing, "is of a kind that the proxy does not need")
        if metadata.get("namespace") != owner.namespace:
            raise _refusal(thing, f"is not in the namespace {owner.namespace}")
        if not str(metadata.get("name", "")).startswith(PROXY_PREFIX):
            raise _refusal(thing, f"is not called {PROXY_PREFIX}...")
        ranked.append((PROXY.index(kind), thing))
    return tuple(thing for _, thing in sorted(ranked, key=lambda pair: pair[0]))


def _checked(thing: Object, workspace_id: str, owner: Owner) -> Kind:
    kind = kind_of(str(thing.get("apiVersion")), str(thing.get("kind")))
    if kind is None or kind not in (kinds.NAMESPACE, kinds.DEPLOYMENT, *MEMBERS):
        raise _refusal(thing, "is of a kind that no workspace needs")
    metadata: Mapping[str, Any] = thing.get("metadata") or {}
    place = labels.namespace_of(workspace_id)
    inside = metadata.get("name") if kind is kinds.NAMESPACE else metadata.get("namespace")
    if inside != place or not metadata.get("name"):
        raise _refusal(thing, f"is not in the namespace {place}")
    found: Mapping[str, Any] = metadata.get("labels") or {}
    wanted = {labels.AGENT_ID: owner.agent_id, labels.WORKSPACE_ID: workspace_id}
    if any(found.get(key) != value for key, value in wanted.items()):
        raise _refusal(thing, "does not carry this agent's and this workspace's labels")
    return kind


def _check_secrets(order: ApplyOrder) -> None:
    for thing in order.objects:
        if thing.get("kind") == "Secret":
            raise _refusal(thing, "is a Secret outside of `secrets`")
    for thing in order.secrets or ():
        if thing.get("kind") != "Secret" or thing["metadata"]["name"] not in order.secret_names:
            raise _refusal(thing, "is not named by `secret_names`")


def _check_claims(order: ApplyOrder, parent: Object, deployment: Object) -> None:
    """Parent and Deployment must say of themselves what the order says of them."""
    said = {labels.GENERATION: str(order.generation), labels.SPEC_DIGEST: order.spec_digest}
    for thing in (parent, deployment):
        found = thing["metadata"].get("annotations") or {}
        if any(found.get(key) != value for key, value in said.items()):
            raise _refusal(thing, "does not carry the generation and digest of its order")
    found = deployment["metadata"]["annotations"].get(labels.SECRETS_DIGEST, "")
    if found != order.secrets_digest:
        raise _refusal(deployment, "does not carry the digest of its order's Secrets")


def _only(found: list[Object], what: str) -> Object:
    if len(found) != 1:
        raise Refused(f"the order has {len(found)} objects for its {what}, not one")
    return found[0]


def _refusal(thing: Object, why: str) -> Refused:
    kind = str(thing.get("kind", ""))
    name = str((thing.get("metadata") or {}).get("name", ""))
    return Refused(f"{kind} {name} {why}", kind=kind, name=name)
