"""The rules by which objects come, change and go. Controllers write here, requests through ``server``."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from berth_kube import kinds
from berth_kube.kinds import Kind
from simulation.cluster import strategies
from simulation.cluster.ownership import applied, updated
from simulation.cluster.stamps import make_suffix, make_uid, stamp
from simulation.cluster.statuses import (
    already_exists,
    conflict,
    forbidden,
    immutable,
    invalid,
    not_found,
    other_identity,
    terminating,
    unmet,
    versioned_creation,
)
from simulation.cluster.store import Author, Key, Object, Store, Stored

_KEPT = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)
"""Metadata that a write cannot change."""
_KEPT_NAMESPACES = ("default", "kube-system")


class Registry:
    """Every method is one atomic step; it raises ``Refusal``."""

    def __init__(self, store: Store, now: Callable[[], float], chance: random.Random) -> None:
        self.store = store
        self._now = now
        self._chance = chance

    def create(self, kind: Kind, body: Object, by: Author) -> Stored:
        """POST."""
        metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
        if "name" not in metadata and "generateName" in metadata:
            metadata["name"] = metadata["generateName"] + make_suffix(self._chance)
        if metadata.get("resourceVersion"):
            raise versioned_creation()
        key = (metadata.get("namespace", ""), metadata["name"])
        self._admit(kind, *key)
        if self.store.get(kind, *key) is not None:
            raise already_exists(kind, key[1])
        metadata["uid"] = make_uid(self._chance)
        metadata["creationTimestamp"] = stamp(self._now())
        made = strategies.prepared(kind, {**body, "metadata": metadata})
        return self.store.put(kind, made, updated(None, {}, body, by.manager), by)

    def replace(self, kind: Kind, body: Object, by: Author) -> Stored:
        """PUT: compare and swap, where a version is stated."""
        live = self._live(kind, body)
        if live is None:
            return self._create_by_replacing(kind, body, by)
        if kind is kinds.LEASE and not body["metadata"].get("resourceVersion"):
            name = body["metadata"]["name"]
            raise invalid(kind, name, "metadata.resourceVersion", "must be specified for an update")
        if (stated := body["metadata"].get("uid", live.uid)) != live.uid:
            raise other_identity(kind, body["metadata"]["name"], stated, live.uid)
        self._compare(kind, live, body)
        owners = updated(live.object, live.owners, body, by.manager)
        return self._write(kind, live, body, owners, by)

    def apply(self, kind: Kind, body: Object, by: Author) -> Stored:
        """Server-side apply by force."""
        strategies.check_fields(kind, body, applied=True)
        live = self._live(kind, body)
        if live is None:
            return self._apply_new(kind, body, by)
        self._compare(kind, live, body)
        if (stated := body["metadata"].get("uid", live.uid)) != live.uid:
            raise immutable(kind, body["metadata"]["name"], "metadata.uid", stated)
        thing, owners = applied(live.object, live.owners, body, by.manager)
        if thing is live.object and owners is live.owners:
            return live
        return self._write(kind, live, thing, owners, by)

    def set_status(self, kind: Kind, key: Key, status: Object, by: Author) -> Stored | None:
        """Write the status alone; None when the object is gone."""
        live = self.store.get(kind, *key)
        if live is None or live.object.get("status") == status:
            return live
        return self.store.put(kind, {**live.object, "status": status}, live.owners, by)

    def edit(self, kind: Kind, key: Key, change: Callable[[Object], Object], by: Author) -> Stored:
        """Change the live object, as one who reads and writes it in one step.

        A component that names no field manager takes no ownership.
        """
        live = self.store.get(kind, *key)
        if live is None:
            raise not_found(kind, key[1])
        if by.manager:
            return self.replace(kind, change(live.object), by)
        return self._write(kind, live, change(live.object), live.owners, by)

    def delete(self, kind: Kind, key: Key, by: Author, *, options: Object | None = None) -> Stored:
        """DELETE with its options (``preconditions``, ``gracePeriodSeconds``)."""
        live = self.store.get(kind, *key)
        if live is None:
            raise not_found(kind, key[1])
        options = options or {}
        _check_preconditions(kind, live, options.get("preconditions") or {})
        metadata = live.object["metadata"]
        grace = options.get("gracePeriodSeconds")
        if grace is None or kind is not kinds.POD:
            grace = strategies.grace_of(kind, live.object)
        if not grace and not self._is_held(kind, live.object):
            return self.store.remove(kind, key, by)
        if metadata.get("deletionTimestamp") and (
            grace >= metadata.get("deletionGracePeriodSeconds", 0)
        ):
            return live
        return self._mark(kind, live, grace, by)

    def _mark(self, kind: Kind, live: Stored, grace: int, by: Author) -> Stored:
        metadata = dict(live.object["metadata"])
        metadata["deletionTimestamp"] = stamp(self._now() + grace)
        metadata["deletionGracePeriodSeconds"] = grace
        if kind is kinds.NAMESPACE:
            del metadata["deletionGracePeriodSeconds"]
        if metadata.get("generation"):
            metadata["generation"] += 1
        thing = {**live.object, "metadata": metadata}
        if kind is kinds.NAMESPACE:
            thing["status"] = {**(thing.get("status") or {}), "phase": "Terminating"}
        return self.store.put(kind, thing, live.owners, by)

    def _apply_new(self, kind: Kind, body: Object, by: Author) -> Stored:
        """A stated version keeps nobody from creating: of what is not there none is compared."""
        metadata = body["metadata"]
        if stated := metadata.get("uid"):
            why = (
                f"uid mismatch: the provided object specified uid {stated}, and no existing object"
                " was found"
            )
            raise conflict(kind, metadata["name"], why)
        key = (metadata.get("namespace", ""), metadata["name"])
        self._admit(kind, *key)
        fresh = {
            **metadata,
            "uid": make_uid(self._chance),
            "creationTimestamp": stamp(self._now()),
        }
        made = strategies.prepared(kind, {**body, "metadata": fresh})
        _, owners = applied({"metadata": {}}, {}, body, by.manager)
        return self.store.put(kind, made, owners, by)

    def _write(self, kind: Kind, live: Stored, body: Object, owners: Any, by: Author) -> Stored:
        """Store a new version, unless it says the same; finish what waited for its finalizers."""
        before = live.object["metadata"]
        metadata = {key: value for key, value in body["metadata"].items() if key != "managedFields"}
        for name in _KEPT:
            if name in before:
                metadata[name] = before[name]
            else:
                metadata.pop(name, None)
        metadata["resourceVersion"] = before["resourceVersion"]
        thing = strategies.changed(kind, live.object, {**body, "metadata": metadata})
        if thing == live.object and owners == live.owners:
            return live
        key = (metadata.get("namespace", ""), metadata["name"])
        if metadata.get("deletionTimestamp") and not self._is_held(kind, thing):
            grace = metadata.get("deletionGracePeriodSeconds", 0)
            if not grace:
                return self.store.remove(kind, key, by)
        return self.store.put(kind, thing, owners, by)

    def _create_by_replacing(self, kind: Kind, body: Object, by: Author) -> Stored:
        """Only Leases come about like this, whatever version is stated."""
        metadata = {
            key: value for key, value in body["metadata"].items() if key != "resourceVersion"
        }
        if kind is not kinds.LEASE:
            raise not_found(kind, metadata["name"])
        if stated := metadata.pop("uid", ""):
            raise other_identity(kind, metadata["name"], stated, "")
        return self.create(kind, {**body, "metadata": metadata}, by)

    def _live(self, kind: Kind, body: Object) -> Stored | None:
        metadata = body["metadata"]
        return self.store.get(kind, metadata.get("namespace", ""), metadata["name"])

    def _compare(self, kind: Kind, live: Stored, body: Object) -> None:
        stated = body["metadata"]
        if stated.get("resourceVersion") and stated["resourceVersion"] != str(live.version):
            raise conflict(kind, stated["name"])

    def _admit(self, kind: Kind, namespace: str, name: str) -> None:
        """Refuse what is new in a namespace that is not there, or not for long."""
        if not kind.namespaced:
            return
        place = self.store.get(kinds.NAMESPACE, "", namespace)
        if place is None:
            raise not_found(kinds.NAMESPACE, namespace)
        if place.object["metadata"].get("deletionTimestamp"):
            raise terminating(kind, name, namespace)

    def _is_held(self, kind: Kind, thing: Object) -> bool:
        if kind is kinds.NAMESPACE and (thing.get("spec") or {}).get("finalizers"):
            return True
        return bool(thing["metadata"].get("finalizers"))


def _check_preconditions(kind: Kind, live: Stored, wanted: Object) -> None:
    name = live.object["metadata"]["name"]
    if kind is kinds.NAMESPACE and name in _KEPT_NAMESPACES:
        raise forbidden(kind, name, "this namespace may not be deleted")
    if wanted.get("uid") and wanted["uid"] != live.uid:
        raise unmet(kind, name, "UID", wanted["uid"], live.uid)
    version = wanted.get("resourceVersion")
    if version and version != str(live.version):
        raise unmet(kind, name, "ResourceVersion", version, str(live.version))
