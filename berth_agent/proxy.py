"""Installs and upgrades the proxy from the objects of the prerequisites."""

from __future__ import annotations

import logging

from berth_agent.ownership import Owner, Refused, check_proxy
from berth_kube.client import Client
from berth_kube.errors import KubernetesError
from chalicelib.wire.reconcile import Object

log = logging.getLogger(__name__)


class ProxyInstaller:
    """Applies them in the agent's own namespace, nothing else and nowhere else."""

    def __init__(self, client: Client, owner: Owner) -> None:
        self._client = client
        self._owner = owner

    def install(self, objects: tuple[Object, ...]) -> bool:
        """Apply all; False when that has to be tried again."""
        try:
            for thing in check_proxy(objects, self._owner):
                self._client.apply(thing)
        except (Refused, KubernetesError) as error:
            log.error("cannot install the proxy: %s", error)  # noqa: TRY400 - the line says all
            return False
        log.info("the proxy's %d objects are applied", len(objects))
        return True
