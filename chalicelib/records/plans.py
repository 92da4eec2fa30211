"""The frozen rendering of a workspace, compressed: it is read when there is something to send."""

import gzip
import json
from collections.abc import Sequence
from typing import Any

from chalicelib.ports.store import MAX_BATCH, Absent, Delete, Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, octets


def put_new(organisation_id: str, workspace_id: str, frozen: dict[str, Any]) -> Put:
    """Write a frozen workload; the target saw to it that it is small enough to be sent."""
    content = json.dumps(frozen, separators=(",", ":"), sort_keys=True).encode()
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
