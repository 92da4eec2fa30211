"""Brings a workspace's group of objects to the generation of an order.

Namespace, role, parent (the claim), members, prune, Deployment last: its annotations acknowledge
all that came before. A crash anywhere leaves a claim without an acknowledgement, and the whole group
is applied again: server-side apply of identical content changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable

from berth_agent import claim, tombstones
from berth_agent.claim import Overtaken
from berth_agent.ownership import Group, Owner, Refused, group_of
from berth_agent.prune import prune
from berth_agent.stops import pods_left
from berth_agent.tasks import Done, Failed, Incomplete, Outcome, Superseded, Waiting
from berth_kube import kinds
from berth_kube.client import Client, Object
from berth_kube.errors import (
    Conflict,
    Forbidden,
    Invalid,
    KubernetesError,
    NamespaceTerminating,
    NotFound,
)
from berth_kube.projections import Deployment, Namespace, Partial
from chalicelib.wire import labels
from chalicelib.wire.reconcile import ApplyError, ApplyOrder

ROLE_PATIENCE = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
"""Seconds between looks until the API server knows a RoleBinding that was just created."""
SWAPS = 5
"""Attempts to write the Deployment between two changes of its status."""


class StillStopping(Exception):
    """A pod of the run before is left: a start now would let two write to one volume."""


class SecretsMissing(Exception):
    """The order counts on Secrets that are not there."""


class Applier:
    """Stateless: everything is read from the cluster. ``pause`` waits some seconds."""

    def __init__(self, client: Client, owner: Owner, pause: Callable[[float], object]) -> None:
        self._client = client
        self._owner = owner
        self._pause = pause

    def run(self, order: ApplyOrder) -> Outcome:
        """Apply an order whole, or say why not. Raises only what is no answer (a lost Lease)."""
        at: list[Object] = []
        try:
            self._apply(group_of(order, self._owner), at)
        except Overtaken:
            return Superseded()
        except SecretsMissing:
            return Incomplete()
        except StillStopping:
            return Waiting()
        except Refused as refused:
            return Failed(refused.as_error(order.generation), by_us=True)
        except KubernetesError as error:
            return Failed(_apply_error(order.generation, at[-1] if at else {}, error))
        return Done()

    def _apply(self, group: Group, at: list[Object]) -> None:
        """``at`` grows by each object as it is taken up, so that an error can name it."""
        self._check_tombstone(group)
        at.append(group.namespace)
        self._ensure_namespace(group)
        at.append(group.parent)
        parent = self._parent(group)
        live = self._deployment(group)
        if parent is not None and live is not None and _acknowledges(parent, live, group):
            return
        if group.order.secrets is None:
            self._check_secrets(group, live)
        claim.take(self._client, group, parent)
        for member in group.members:
            at.append(member)
            claim.verify(self._client, group)
            self._client.apply(member)
        if live is None or live.metadata.annotations.spec_digest != group.order.spec_digest:
            prune(self._client, group, parent)
        at.append(group.deployment)
        self._swap_deployment(group)

    def _check_tombstone(self, group: Group) -> None:
        """Read it from the store itself: what a watch told may be old."""
        name = tombstones.name_of(group.order.workspace_id)
        if self._client.get(kinds.CONFIG_MAP, name, Partial, namespace=self._owner.namespace):
            raise Overtaken

    def _ensure_namespace(self, group: Group) -> None:
        live = self._client.get(kinds.NAMESPACE, group.place, Namespace)
        if live is None:
            self._client.create(group.namespace)
            # A tombstone may have come between our look and the creation. Whoever terminates
            # writes it before looking for the namespace: one of us two sees the other.
            self._check_tombstone(group)
            self._bind(group)
        elif not self._owner.owns(live, group.order.workspace_id):
            raise Refused(
                f"namespace {group.place} belongs to another",
                kind=kinds.NAMESPACE.name,
                name=group.place,
            )
        elif live.metadata.deletion_timestamp:
            raise NamespaceTerminating(f"namespace {group.place} is being deleted", status=403)

    def _parent(self, group: Group) -> Partial | None:
        """Read the parent. Forbidden in a namespace of ours: its RoleBinding is missing."""
        try:
            return claim.read(self._client, group)
        except Forbidden:
            self._bind(group)
        for seconds in ROLE_PATIENCE:
            self._pause(seconds)
            try:
                return claim.read(self._client, group)
            except Forbidden:
                continue
        return claim.read(self._client, group)

    def _bind(self, group: Group) -> None:
        """Give ourselves the rights of a workspace namespace, and nobody else."""
        try:
            self._client.create(role_binding(group.order.workspace_id, self._owner))
        except Conflict:
            return

    def _deployment(self, group: Group) -> Deployment | None:
        name = group.deployment["metadata"]["name"]
        return self._client.get(kinds.DEPLOYMENT, name, Deployment, namespace=group.place)

    def _check_secrets(self, group: Group, live: Deployment | None) -> None:
        """They are not watched, and somebody may have deleted one: look before counting on them."""
        if _needs_secrets(live, group.order):
            raise SecretsMissing
        for name in group.order.secret_names:
            if self._client.get(kinds.SECRET, name, Partial, namespace=group.place) is None:
                raise SecretsMissing

    def _check_stopped(self, group: Group, live: Deployment | None) -> None:
        starts = _replicas(group) > 0 and (live is None or live.spec.replicas == 0)
        if starts and pods_left(self._client, group.order.workspace_id):
            raise StillStopping

    def _swap_deployment(self, group: Group) -> None:
        """Write the Deployment only over the one that was read after the claim was verified."""
        for attempt in range(SWAPS):
            live = self._deployment(group)
            found = live.metadata.annotations.generation_number if live else 0
            if found > group.order.generation:
                raise Overtaken
            self._check_stopped(group, live)
            claim.verify(self._client, group)
            try:
                self._client.apply(_over(group.deployment, live))
            except (Conflict, NotFound):  # its status changed, or it was deleted
                if attempt == SWAPS - 1:
                    raise
            except Invalid as invalid:
                if live is None or not any("selector" in field for field in invalid.fields):
                    raise
                self._client.delete(
                    kinds.DEPLOYMENT,
                    live.metadata.name,
                    namespace=group.place,
                    uid=live.metadata.uid,
                )
            else:
                return


def role_binding(workspace_id: str, owner: Owner) -> Object:
    """What lets the agent write in a workspace's namespace."""
    return {
        "apiVersion": kinds.ROLE_BINDING.api_version,
        "kind": kinds.ROLE_BINDING.name,
        "metadata": {
            "name": labels.WORKSPACE_ROLE,
            "namespace": labels.namespace_of(workspace_id),
            "labels": {
                labels.MANAGED_BY: "berth",
                labels.AGENT_ID: owner.agent_id,
                labels.WORKSPACE_ID: workspace_id,
            },
        },
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": labels.WORKSPACE_ROLE,
        },
        "subjects": [
            {
                "kind": "ServiceAccount",
                "name": owner.service_account,
                "namespace": owner.namespace,
            }
        ],
    }


def _replicas(group: Group) -> int:
    return int(group.deployment["spec"]["replicas"])


def _acknowledges(parent: Partial, live: Deployment, group: Group) -> bool:
    """Whether the whole group of this order is in place, and nobody scaled it by hand."""
    order = group.order
    claimed, found = parent.metadata.annotations, live.metadata.annotations
    return (
        claimed.generation_number == found.generation_number == order.generation
        and claimed.spec_digest == found.spec_digest == order.spec_digest
        and found.secrets_digest == order.secrets_digest
        and live.spec.replicas == _replicas(group)
    )


def _needs_secrets(live: Deployment | None, order: ApplyOrder) -> bool:
    present = live.metadata.annotations.secrets_digest if live else ""
    return order.secrets_digest not in ("", present)


def _over(deployment: Object, live: Deployment | None) -> Object:
    if live is None:
        return deployment
    # A version alone is no swap: an apply to what was deleted meanwhile would make it again.
    same = {"resourceVersion": live.metadata.resource_version, "uid": live.metadata.uid}
    return {**deployment, "metadata": {**deployment["metadata"], **same}}


def _apply_error(generation: int, thing: Object, error: KubernetesError) -> ApplyError:
    where = f" ({', '.join(error.fields)})" if error.fields else ""
    return ApplyError(
        generation=generation,
        kind=str(thing.get("kind", "Order"))[:128],
        name=str((thing.get("metadata") or {}).get("name", ""))[:128],
        status=error.status,
        reason=(error.reason or type(error).__name__)[:128],
        message=f"{error.message}{where}"[:512],
        final=error.final,
    )
