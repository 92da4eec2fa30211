"""What is stored, at which version, and everything that ever happened to it.

One counter of versions for the whole cluster, as etcd has. An object is never changed in place:
each version is a dict of its own, which shares what did not change.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

import msgspec

from berth_kube.kinds import Kind
from simulation.cluster.fields import Owners

Object = dict[str, Any]
Key = tuple[str, str]
"""Namespace and name; in their order a list is sorted."""
Type = Literal["ADDED", "MODIFIED", "DELETED"]


class Author(NamedTuple):
    """Who writes: a process, and the field manager that it names."""

    caller: str
    manager: str = ""


@dataclass(slots=True, eq=False)
class Stored:
    """One version of an object."""

    object: Object
    version: int
    owners: Owners
    _raw: bytes = b""

    @property
    def raw(self) -> bytes:
        """As JSON."""
        if not self._raw:
            self._raw = msgspec.json.encode(self.object)
        return self._raw

    @property
    def uid(self) -> str:
        """Its identity: another object of the same name has another one."""
        return str(self.object["metadata"]["uid"])


@dataclass(slots=True, eq=False)
class Event:
    """One change. ``now`` of a deletion is the last state, under the version of the deletion."""

    version: int
    at: float
    type: Type
    key: Key
    now: Stored
    before: Stored | None


class Record(NamedTuple):
    """One line of the history: every creation and deletion, in order."""

    type: Type
    kind: str
    namespace: str
    name: str
    uid: str
    version: int
    at: float
    by: Author


@dataclass(slots=True)
class Shelf:
    """All objects of one kind."""

    kind: Kind
    objects: dict[str, dict[str, Stored]] = field(default_factory=dict)
    """By namespace, then by name."""
    log: list[Event] = field(default_factory=list)

    def all(self, namespace: str | None = None) -> Iterator[Stored]:
        """Yield what is there, in the order in which it was made."""
        if namespace is not None:
            yield from self.objects.get(namespace, {}).values()
            return
        for inside in self.objects.values():
            yield from inside.values()

    def position(self, version: int) -> int:
        """Return where in the log the first change after this version is."""
        return bisect_right(self.log, version, key=lambda event: event.version)

    def at(self, version: int, namespace: str | None = None) -> dict[Key, Stored]:
        """Return what was there at a version, in one namespace or in all."""
        places = self.objects if namespace is None else (namespace,)
        found = {
            (place, name): stored
            for place in places
            for name, stored in self.objects.get(place, {}).items()
        }
        for event in reversed(self.log[self.position(version) :]):
            if namespace is not None and event.key[0] != namespace:
                continue
            if event.before is None:
                found.pop(event.key, None)
            else:
                found[event.key] = event.before
        return found


class Store:
    """``on_commit`` is called after each change with the kind's shelf and the change."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._shelves: dict[str, Shelf] = {}
        self.version = 1000
        self.compacted = 0
        """Nothing can be watched or listed from a version below this one any more."""
        self.history: list[Record] = []
        self.on_commit: list[Callable[[Shelf, Event], None]] = []

    def shelf(self, kind: Kind) -> Shelf:
        """Return the shelf of a kind."""
        found = self._shelves.get(kind.name)
        if found is None:
            found = self._shelves[kind.name] = Shelf(kind)
        return found

    def get(self, kind: Kind, namespace: str, name: str) -> Stored | None:
        """Return what is there now."""
        return self.shelf(kind).objects.get(namespace, {}).get(name)

    def put(self, kind: Kind, thing: Object, owners: Owners, by: Author) -> Stored:
        """Store a new object or a new version; its ``resourceVersion`` is set here."""
        shelf = self.shelf(kind)
        metadata = thing["metadata"]
        key = (metadata.get("namespace", ""), metadata["name"])
        self.version += 1
        made = Stored(
            {**thing, "metadata": {**metadata, "resourceVersion": str(self.version)}},
            self.version,
            owners,
        )
        inside = shelf.objects.setdefault(key[0], {})
        before = inside.get(key[1])
        inside[key[1]] = made
        kind_of_change: Type = "MODIFIED" if before else "ADDED"
        event = Event(self.version, self._now(), kind_of_change, key, made, before)
        self._commit(shelf, event, by)
        return made

    def remove(self, kind: Kind, key: Key, by: Author) -> Stored:
        """Take an object away; what is returned is its last state."""
        shelf = self.shelf(kind)
        inside = shelf.objects[key[0]]
        before = inside.pop(key[1])
        if not inside:
            del shelf.objects[key[0]]
        self.version += 1
        metadata = {**before.object["metadata"], "resourceVersion": str(self.version)}
        last = Stored({**before.object, "metadata": metadata}, self.version, before.owners)
        self._commit(shelf, Event(self.version, self._now(), "DELETED", key, last, before), by)
        return last

    def compact(self) -> None:
        """Forget how it came to this."""
        self.compacted = self.version

    def _commit(self, shelf: Shelf, event: Event, by: Author) -> None:
        shelf.log.append(event)
        if event.type != "MODIFIED":
            self.history.append(
                Record(
                    event.type,
                    shelf.kind.name,
                    *event.key,
                    event.now.uid,
                    event.version,
                    event.at,
                    by,
                )
            )
        for told in self.on_commit:
            told(shelf, event)
