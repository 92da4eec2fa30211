"""Who owns which field: what server-side apply merges, takes over and removes.

A field is a path of keys; an item of a list that is merged by keys is a tuple of their values.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

Step = str | tuple[Any, ...]
Path = tuple[Step, ...]
Fields = frozenset[Path]
Owners = Mapping[tuple[str, str], Fields]
"""By field manager and operation (``Apply`` or ``Update``)."""

_KEYS: Mapping[str, tuple[str, ...]] = {
    "containers": ("name",),
    "initContainers": ("name",),
    "env": ("name",),
    "volumes": ("name",),
    "volumeMounts": ("mountPath",),
    "imagePullSecrets": ("name",),
    "ownerReferences": ("uid",),
    "conditions": ("type",),
    "hostAliases": ("ip",),
}
"""Lists whose items are merged by these keys; ``ports`` too, see below. All others are atomic."""
_ATOMIC = frozenset(
    {"selector", "podSelector", "nodeSelector", "namespaceSelector", "labelSelector"}
)
"""Maps that are replaced whole."""
_SYSTEM = frozenset(
    {
        "name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp",
        "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "selfLink", "generateName",
    }
)  # fmt: skip
"""Parts of the metadata that nobody owns."""


def fields_of(thing: Mapping[str, Any]) -> Fields:
    """Return the fields that an object states."""
    found: list[Path] = []
    for key, value in thing.items():
        if key == "metadata":
            for name, inner in value.items():
                if name not in _SYSTEM:
                    _collect(inner, ("metadata", name), found)
        elif key not in ("apiVersion", "kind", "status"):
            _collect(value, (key,), found)
    return frozenset(found)


def merge(live: Any, applied: Any, key: str = "") -> Any:
    """Return ``live`` with what is applied; the very same object when that changes nothing."""
    if isinstance(live, dict) and isinstance(applied, dict) and key not in _ATOMIC:
        changed: dict[str, Any] = {}
        for name, value in applied.items():
            present = live.get(name)
            merged = value if present is None else merge(present, value, name)
            if merged is not present:
                changed[name] = merged
        return {**live, **changed} if changed else live
    if isinstance(live, list) and isinstance(applied, list):
        keys = _keys_of(key, applied)
        if keys:
            return _merge_items(live, applied, keys)
    return live if live == applied else applied


def without(thing: Any, path: Path) -> Any:
    """Return a copy without the field; containers that this empties go too."""
    step, rest = path[0], path[1:]
    if isinstance(thing, list):
        return _without_item(thing, step, rest)
    if not isinstance(thing, dict) or step not in thing:
        return thing
    if not rest:
        return {key: value for key, value in thing.items() if key != step}
    inner = without(thing[step], rest)
    if inner is thing[step]:
        return thing
    if not inner and inner is not False:
        return {key: value for key, value in thing.items() if key != step}
    return {**thing, step: inner}


def value_at(thing: Any, path: Path) -> Any:
    """Return what stands at a field, None when nothing does."""
    for step in path:
        if isinstance(thing, list):
            thing = next((item for item in thing if _identity(item, step) == step), None)
        elif isinstance(thing, dict):
            thing = thing.get(step)
        else:
            return None
    return thing


def _collect(value: Any, path: Path, found: list[Path]) -> None:
    name = path[-1]
    if isinstance(value, dict) and value and name not in _ATOMIC:
        for key, inner in value.items():
            _collect(inner, (*path, key), found)
    elif isinstance(value, list) and (keys := _keys_of(str(name), value)):
        for item in value:
            item_path = (*path, _keyed(item, keys))
            found.append(item_path)
            for key, inner in item.items():
                if key not in keys:
                    _collect(inner, (*item_path, key), found)
    else:
        found.append(path)


def _keys_of(name: str, items: list[Any]) -> tuple[str, ...]:
    if name == "ports":
        inside = items and isinstance(items[0], dict)
        if not inside:
            return ()
        return ("containerPort" if "containerPort" in items[0] else "port", "protocol")
    return _KEYS.get(name, ())


def _keyed(item: Mapping[str, Any], keys: Iterable[str]) -> tuple[Any, ...]:
    return tuple((key, item.get(key, "TCP" if key == "protocol" else None)) for key in keys)


def _identity(item: Any, step: Step) -> Step | None:
    """Return the item's step, if it is of the form of the given one."""
    if not isinstance(step, tuple) or not isinstance(item, dict):
        return None
    return _keyed(item, (key for key, _ in step))


def _merge_items(live: list[Any], applied: list[Any], keys: tuple[str, ...]) -> list[Any]:
    present = {_keyed(item, keys): item for item in live}
    merged = dict(present)
    for item in applied:
        step = _keyed(item, keys)
        merged[step] = merge(present[step], item) if step in present else item
    same = len(merged) == len(present) and all(merged[step] is present[step] for step in present)
    return live if same else list(merged.values())


def _without_item(items: list[Any], step: Step, rest: Path) -> list[Any]:
    kept = []
    changed = False
    for item in items:
        if _identity(item, step) != step:
            kept.append(item)
            continue
        inner = without(item, rest) if rest else None
        changed = changed or inner is not item
        if inner:
            kept.append(inner)
    return kept if changed else items
