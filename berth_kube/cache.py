"""The local copy of one kind of object: what is there, at which version. No thread, no socket."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from berth_kube.errors import Unavailable
from berth_kube.projections import Live

T = TypeVar("T", bound=Live)
Key = tuple[str, str]
"""Namespace and name."""

STALE_LISTS = 3
"""Lists older than what was seen already are refused so often, then believed: the store of a
cluster that was restored from a backup really went back."""


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """``old`` is None when the object is new, ``new`` when it is gone. ``resource_version`` is
    that of the change, of a deletion too."""

    old: T | None
    new: T | None
    resource_version: int


class Cache(Generic[T]):
    """Calls ``on_change`` for each difference; keeps only what ``accept`` accepts."""

    def __init__(self, on_change: Callable[[Change[T]], None], accept: Callable[[T], bool]) -> None:
        self._on_change = on_change
        self._accept = accept
        self._stale_lists = 0
        self.objects: dict[Key, T] = {}
        self.version = 0

    def seen(self, version: int) -> None:
        """A bookmark: all up to this version is known."""
        self.version = max(self.version, version)

    def apply(self, item: T, *, gone: bool) -> None:
        """One event of a watch. Versions only grow in it: what does not is a repetition."""
        version = int(item.metadata.resource_version)
        if version <= self.version:
            return
        self.version = version
        if not self._accept(item):
            return
        key = key_of(item)
        old = self.objects.pop(key, None) if gone else self.objects.get(key)
        if not gone:
            self.objects[key] = item
            self._on_change(Change(old, item, version))
        elif old is not None:
            self._on_change(Change(old, None, version))

    def replace(self, items: dict[Key, T], version: int) -> None:
        """A complete list: what it lacks is gone. Raises ``Unavailable`` when it is too old."""
        if version < self.version and self._stale_lists < STALE_LISTS:
            self._stale_lists += 1
            raise Unavailable(f"a list of version {version} is older than {self.version}, seen")
        self._stale_lists = 0
        fresh = {key: item for key, item in items.items() if self._accept(item)}
        before, self.objects = self.objects, fresh
        self.version = version
        for key, old in before.items():
            if key not in fresh:
                self._on_change(Change(old, None, version))
        for key, item in fresh.items():
            known = before.get(key)
            if known is None or known.metadata.resource_version != item.metadata.resource_version:
                self._on_change(Change(known, item, int(item.metadata.resource_version)))


def key_of(item: Live) -> Key:
    """Namespace and name of an object."""
    return item.metadata.namespace, item.metadata.name
