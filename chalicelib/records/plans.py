"""The frozen rendering of a workspace, compressed: it is read when there is something to send."""

import gzip
import json
from collections.abc import Sequence
from typing import Any

from chalicelib.domain.errors import Invalid, Problem
from chalicelib.ports.store import MAX_BATCH, Absent, Delete, Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, octets

MAX_BYTES = 192 * 1024
"""Of a frozen workload as JSON: what is too large to be sent is refused before it is stored."""


def put_new(organisation_id: str, workspace_id: str, frozen: dict[str, Any]) -> Put:
    """Write a frozen workload. Raises Invalid when it is too large ever to be sent."""
    content = json.dumps(frozen, separators=(",", ":"), sort_keys=True).encode()
    if len(content) > MAX_BYTES:
        message = (
            f"The workspace as a whole has {len(content) // 1024} KiB, at most {MAX_BYTES // 1024} KiB can be sent to"
            " an agent; name fewer or smaller containers, commands and environment values."
        )
        raise Invalid(
            "workspace-too-large", message, [Problem("workspace-too-large", message, "#/devfile")]
        )
    attributes: dict[str, Value] = {"v": SCHEMA, "frozen": gzip.compress(content, mtime=0)}
    return Put(Item(keys.plan(organisation_id, workspace_id), attributes), when=[Absent()])


def load_many(
    store: Store, organisation_id: str, workspace_ids: Sequence[str]
) -> dict[str, dict[str, Any]]:
    """Return the frozen workloads of those that have one, by workspace id."""
    found: dict[str, dict[str, Any]] = {}
    for start in range(0, len(workspace_ids), MAX_BATCH):
        by_key = {
            keys.plan(organisation_id, each): each
            for each in workspace_ids[start : start + MAX_BATCH]
        }
        items = store.get_many(list(by_key))
        found.update((by_key[key], _frozen(item)) for key, item in items.items())
    return found


def forget(organisation_id: str, workspace_id: str) -> Delete:
    """Remove the frozen workload."""
    return Delete(keys.plan(organisation_id, workspace_id))


def _frozen(item: Item) -> dict[str, Any]:
    frozen: dict[str, Any] = json.loads(gzip.decompress(octets(item.attributes, "frozen")))
    return frozen
