"""Removes a workspace for ever, in steps that each can be taken again after a crash.

Tombstone, Deployment, pods, namespace: what is done is read from the cluster, never remembered.
The namespace goes last and takes the volume with it, when no pod can write to it any more.
"""

from __future__ import annotations

from berth_agent import tombstones
from berth_agent.applier import role_binding
from berth_agent.ownership import Owner, Refused, is_free
from berth_agent.tasks import Done, Failed, Outcome, Superseded, Waiting
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.errors import Conflict, Forbidden, KubernetesError
from berth_kube.projections import ConfigMap, Namespace
from chalicelib.wire import labels
from chalicelib.wire.reconcile import ApplyError


class Terminator:
    """Stateless."""

    def __init__(self, client: Client, owner: Owner) -> None:
        self._client = client
        self._owner = owner

    def terminate(self, workspace_id: str, generation: int) -> Outcome:
        """Take the next step: ``Waiting`` until the namespace is gone, then ``Done``."""
        try:
            return self._step(workspace_id, generation)
        except Refused as refused:
            return Failed(refused.as_error(generation))
        except Conflict:
            return Waiting()  # something changed under our hands: look again
        except KubernetesError as error:
            return Failed(_error(generation, workspace_id, error))

    def collect(self, workspace_id: str, generation: int) -> Outcome:
        """Delete the tombstone, if it is the one that was confirmed and nothing is left."""
        name = tombstones.name_of(workspace_id)
        try:
            live = self._tombstone(workspace_id)
            if live is None:
                return Done()
            if tombstones.generation_of(live) > generation or self._namespace(workspace_id):
                return Superseded()
            self._client.delete(
                kinds.CONFIG_MAP, name, namespace=self._owner.namespace, uid=live.metadata.uid
            )
        except KubernetesError as error:
            return Failed(_error(generation, workspace_id, error))
        return Done()

    def _step(self, workspace_id: str, generation: int) -> Outcome:
        self._bury(workspace_id, generation)
        namespace = self._namespace(workspace_id)
        if namespace is None:
            return Done()
        place = namespace.metadata.name
        if not is_free(place, self._owner) or not self._owner.owns(namespace, workspace_id):
            raise Refused(f"namespace {place} belongs to another", kind="Namespace", name=place)
        if namespace.metadata.deletion_timestamp:
            return Waiting()
        if self._stop(workspace_id, place) or self._pods(place):
            return Waiting()
        self._client.delete(kinds.NAMESPACE, place, uid=namespace.metadata.uid)
        return Waiting()

    def _bury(self, workspace_id: str, generation: int) -> None:
        """Write the tombstone, or raise its generation."""
        live = self._tombstone(workspace_id)
        if live is not None and tombstones.generation_of(live) >= generation:
            return
        if live is None:
            namespace = self._namespace(workspace_id)
            uid = namespace.metadata.uid if namespace else ""
        else:
            uid = live.data.get("namespace-uid", "")
        data = {"generation": str(generation), "namespace-uid": uid}
        body = tombstones.render(workspace_id, self._owner.agent_id, self._owner.namespace, data)
        if live is None:
            self._client.create(body)
        else:
            body["metadata"]["resourceVersion"] = live.metadata.resource_version
            self._client.replace(body)

    def _stop(self, workspace_id: str, place: str) -> bool:
        """Delete the Deployments; True when there was one."""
        selector = f"{labels.WORKSPACE_ID}={workspace_id}"
        found = self._client.list_metadata(kinds.DEPLOYMENT, namespace=place, selector=selector)
        for live in found:
            name, uid = live.metadata.name, live.metadata.uid
            try:
                self._client.delete(kinds.DEPLOYMENT, name, namespace=place, uid=uid)
            except Forbidden:
                self._client.create(role_binding(workspace_id, self._owner))
        return bool(found)

    def _pods(self, place: str) -> bool:
        return bool(self._client.list_metadata(kinds.POD, namespace=place, selector=""))

    def _tombstone(self, workspace_id: str) -> ConfigMap | None:
        name = tombstones.name_of(workspace_id)
        return self._client.get(kinds.CONFIG_MAP, name, ConfigMap, namespace=self._owner.namespace)

    def _namespace(self, workspace_id: str) -> Namespace | None:
        return self._client.get(kinds.NAMESPACE, labels.namespace_of(workspace_id), Namespace)


def _error(generation: int, workspace_id: str, error: KubernetesError) -> ApplyError:
    return ApplyError(
        generation=generation,
        kind=kinds.NAMESPACE.name,
        name=labels.namespace_of(workspace_id),
        status=error.status,
        reason=(error.reason or type(error).__name__)[:128],
        message=error.message[:512],
        final=error.final,
    )
