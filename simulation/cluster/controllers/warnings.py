"""Warning events, as the components of a cluster write them."""

from __future__ import annotations

from zlib import crc32

from berth_kube import kinds
from simulation.cluster.controllers.environment import Environment, Object
from simulation.cluster.stamps import stamp
from simulation.cluster.store import Author


class Warnings:
    """Repetitions of one warning are one Event with a growing count."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def warn(self, about: Object, reason: str, message: str, *, field_path: str = "") -> None:
        """Tell of an object; nothing happens where no Event can be written any more."""
        environment, metadata = self._environment, about["metadata"]
        told = f"{metadata['uid']}/{reason}/{message}/{field_path}"
        key = (metadata["namespace"], f"{metadata['name']}.{crc32(told.encode()):08x}")
        at = stamp(environment.now())
        live = environment.store.get(kinds.EVENT, *key)
        if live is not None:
            again = {**live.object, "count": live.object["count"] + 1, "lastTimestamp": at}
            environment.registry.edit(kinds.EVENT, key, lambda _: again, Author("kubelet"))
            return
        involved = {
            "kind": about["kind"],
            "name": metadata["name"],
            "namespace": key[0],
            "uid": metadata["uid"],
        }
        if field_path:
            involved["fieldPath"] = field_path
        body = {
            "metadata": {"name": key[1], "namespace": key[0]},
            "involvedObject": involved,
            "type": "Warning",
            "reason": reason,
            "message": message,
            "count": 1,
            "firstTimestamp": at,
            "lastTimestamp": at,
        }
        made = environment.create(kinds.EVENT, body, "kubelet")
        if not isinstance(made, str):
            environment.after(
                environment.weather.event_lifetime,
                lambda: environment.delete(kinds.EVENT, made, "apiserver"),
            )
