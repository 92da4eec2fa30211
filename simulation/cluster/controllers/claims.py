"""Volumes: bound to their claims, protected while a pod uses them, deleted with them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from berth_kube import kinds
from simulation.cluster.controllers.environment import Environment, Object, Round
from simulation.cluster.controllers.warnings import Warnings
from simulation.cluster.stamps import make_uid
from simulation.cluster.store import Author, Event, Key
from simulation.cluster.strategies import PROTECTED

_WHO = "persistentvolume-binder"
RETRY = 15.0


@dataclass(slots=True)
class Volume:
    """A disk. ``deleted_at`` is None while its bytes exist."""

    name: str
    claim: Key
    claim_uid: str
    created_at: float
    deleted_at: float | None = None


class Claims:
    """``volumes`` holds every volume that ever was, by name."""

    def __init__(self, environment: Environment, warnings: Warnings) -> None:
        self._environment = environment
        self._warnings = warnings
        self._round = Round(environment, self._look)
        self.volumes: dict[str, Volume] = {}

    def claim_changed(self, event: Event) -> None:
        """Take in a change of a claim."""
        if event.type == "DELETED":
            self._release(event.now.uid)
        else:
            self._round.poke(event.key)

    def pod_gone(self, pod: Object) -> None:
        """Look at the claims that a pod used no longer."""
        namespace = pod["metadata"]["namespace"]
        for name in claims_of(pod):
            self._round.poke((namespace, name))

    def _look(self, key: Key) -> None:
        live = self._environment.store.get(kinds.VOLUME_CLAIM, *key)
        if live is None:
            return
        if live.object["metadata"].get("deletionTimestamp"):
            if not any(name == key[1] for pod in self._pods(key[0]) for name in claims_of(pod)):
                self._unprotect(key)
        elif (live.object.get("status") or {}).get("phase") == "Pending":
            if self._environment.befalls("provisioning_failure"):
                told = 'failed to provision volume with StorageClass "standard": no capacity'
                self._warnings.warn(live.object, "ProvisioningFailed", told)
                self._environment.after(RETRY, lambda: self._round.poke(key))
                return
            delay = self._environment.span(self._environment.weather.binding)
            self._environment.after(delay, lambda: self._bind(key, live.uid))

    def _bind(self, key: Key, uid: str) -> None:
        environment = self._environment
        live = environment.store.get(kinds.VOLUME_CLAIM, *key)
        if live is None or live.uid != uid or live.object["metadata"].get("deletionTimestamp"):
            return
        if (live.object.get("status") or {}).get("phase") == "Bound":
            return
        volume = Volume(f"pvc-{make_uid(environment.chance)}", key, uid, environment.now())
        self.volumes[volume.name] = volume
        spec = {**live.object["spec"], "volumeName": volume.name}
        environment.registry.edit(
            kinds.VOLUME_CLAIM, key, lambda thing: {**thing, "spec": spec}, Author(_WHO)
        )
        environment.status(kinds.VOLUME_CLAIM, key, {"phase": "Bound"}, _WHO)

    def _unprotect(self, key: Key) -> None:
        def unprotected(thing: Object) -> Object:
            metadata = thing["metadata"]
            kept = [name for name in metadata.get("finalizers") or () if name != PROTECTED]
            return {**thing, "metadata": {**metadata, "finalizers": kept}}

        who = "pvc-protection-controller"
        self._environment.registry.edit(kinds.VOLUME_CLAIM, key, unprotected, Author(who))

    def _release(self, uid: str) -> None:
        """The reclaim policy is Delete: the bytes go with the claim."""
        for volume in self.volumes.values():
            if volume.claim_uid == uid and volume.deleted_at is None:
                volume.deleted_at = self._environment.now()

    def _pods(self, namespace: str) -> Iterator[Object]:
        """Only a pod that was scheduled uses its claims."""
        for stored in self._environment.store.shelf(kinds.POD).all(namespace):
            is_scheduled = "nodeName" in stored.object["spec"]
            if is_scheduled and stored.object["status"]["phase"] not in ("Failed", "Succeeded"):
                yield stored.object


def claims_of(pod: Object) -> list[str]:
    """Names of the claims that a pod mounts."""
    return [
        volume["persistentVolumeClaim"]["claimName"]
        for volume in pod["spec"].get("volumes") or ()
        if "persistentVolumeClaim" in volume
    ]
