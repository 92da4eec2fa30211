"""Installs and upgrades the proxy from the objects of the prerequisites."""

from __future__ import annotations

import copy
import logging
from collections.abc import Callable

import msgspec

from berth_agent.ownership import Owner, Refused, check_proxy
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.errors import Forbidden, KubernetesError
from berth_kube.projections import Partial
from chalicelib.wire.reconcile import Object

log = logging.getLogger(__name__)

ACCOUNT = "berth-proxy"


class ProxyPod(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What whoever installed the agent says of the proxy's pod: they know the cluster, the control plane does not."""

    pod: Object = {}
    """Fields of the pod, such as ``nodeSelector``."""
    container: Object = {}
    """Fields of each of its containers, such as ``resources``."""

    def upon(self, thing: Object) -> Object:
        """Return a Deployment with these fields in place of its own; anything else as it is."""
        if thing["kind"] != "Deployment":
            return thing
        changed = copy.deepcopy(thing)
        pod = changed["spec"]["template"]["spec"]
        for container in (*pod.get("initContainers", ()), *pod["containers"]):
            container.update(self.container)
        pod.update(self.pod)
        return changed


class ProxyInstaller:
    """Applies them in the agent's own namespace, nothing else and nowhere else. Without a ``pod``, no proxy.

    ``parents`` returns owner references: the objects are deleted with what those name.
    """

    def __init__(
        self,
        client: Client,
        owner: Owner,
        pod: ProxyPod | None,
        parents: Callable[[], list[Object]] = list,
    ) -> None:
        self._client = client
        self._owner = owner
        self._pod = pod
        self._parents = parents

    def install(self, objects: tuple[Object, ...]) -> bool:
        """Apply all; False when that has to be tried again."""
        if self._pod is None:
            log.info("the proxy is not installed: BERTH_PROXY is off")
            return True
        try:
            parents = self._parents()
            owned = {"ownerReferences": parents} if parents else {}
            for thing in check_proxy(objects, self._owner):
                metadata = {**thing["metadata"], **owned}
                self._client.apply(self._pod.upon({**thing, "metadata": metadata}))
        except (Refused, KubernetesError) as error:
            log.error("cannot install the proxy: %s", error)  # noqa: TRY400 - the line says all
            return False
        log.info("the proxy's %d objects are applied", len(objects))
        return True


def accounts(client: Client, namespace: str) -> list[Object]:
    """Return a reference to the account that the proxy runs as: whoever uninstalls that has no more use for a proxy.

    Empty where there is none, or where a role of an earlier release does not let us look.
    """
    try:
        account = client.get(kinds.SERVICE_ACCOUNT, ACCOUNT, Partial, namespace=namespace)
    except Forbidden:
        account = None
    if account is None:
        return []
    kind = kinds.SERVICE_ACCOUNT
    return [
        {
            "apiVersion": kind.api_version,
            "kind": kind.name,
            "name": ACCOUNT,
            "uid": account.metadata.uid,
        }
    ]
