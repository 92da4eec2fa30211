"""What a write does to the fields of an object and to who owns them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from simulation.cluster.fields import Fields, Owners, fields_of, merge, value_at, without

Object = dict[str, Any]
_NOBODY: Fields = frozenset()


def applied(live: Object, owners: Owners, body: Object, manager: str) -> tuple[Object, Owners]:
    """Server-side apply by force. The same object is returned when nothing changes in it.

    What the manager applied before and names no longer goes, unless another owns it too.
    """
    mine = (manager, "Apply")
    stated = fields_of(body)
    result: Object = merge(live, _content(body))
    others = {who: fields for who, fields in owners.items() if who != mine}
    gone = owners.get(mine, _NOBODY) - stated
    for path in sorted(gone, key=lambda path: (len(path), repr(path)), reverse=True):
        if not any(path in fields for fields in others.values()):
            result = without(result, path)
    if others and result is not live:
        taken = {path for path in stated if value_at(live, path) != value_at(body, path)}
        others = _left(others, taken)
    after = {**others, mine: stated}
    if result is not live and result == live:
        result = live
    return result, owners if after == owners else after


def updated(live: Object | None, owners: Owners, body: Object, manager: str) -> Owners:
    """Return the owners after a plain write: whoever changes a field owns it alone."""
    mine = (manager, "Update")
    stated = fields_of(body)
    if live is None:
        return {mine: stated}
    before = fields_of(live)
    changed = {
        path
        for path in stated
        if path not in before or value_at(live, path) != value_at(body, path)
    }
    gone = before - stated
    if not changed and not gone:
        return owners
    left = _left(owners, changed | gone)
    return {**left, mine: left.get(mine, _NOBODY) | changed} if changed else left


def _left(owners: Owners, taken: set[Any] | Fields) -> dict[tuple[str, str], Fields]:
    kept = {who: fields - taken for who, fields in owners.items()}
    return {who: fields for who, fields in kept.items() if fields}


def _content(body: Mapping[str, Any]) -> Object:
    """What is merged: all but what identifies the object and what only the server writes."""
    metadata = {
        key: value
        for key, value in body["metadata"].items()
        if key in ("labels", "annotations", "finalizers", "ownerReferences")
    }
    content = {key: value for key, value in body.items() if key != "status"}
    return {**content, "metadata": metadata}
