"""The frozen rendering of a workspace, compressed: it is read when there is something to send."""

import gzip
import json
from collections.abc import Sequence
from typing import Any

from chalicelib.ports.store import MAX_BATCH, Absent, Delete, Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, octets
from chalicelib.wire.canonical import canonical


def put_new(organisation_id: str, workspace_id: str, frozen: dict[str, Any]) -> Put:
    """Write a frozen workload; the target saw to it that it is small enough to be sent."""
    content = gzip.compress(canonical(frozen), mtime=0)
    attributes: dict[str, Value] = {"v": SCHEMA, "frozen": content}
    return Put(Item(keys.plan(organisation_id, workspace_id), attributes), when=[Absent()])


def load_items(store: Store, organisation_id: str, workspace_ids: Sequence[str]) -> dict[str, Item]:
    """Return the items of those workspaces that have one, by workspace id; see ``frozen_of``."""
    found: dict[str, Item] = {}
    for start in range(0, len(workspace_ids), MAX_BATCH):
        batch = workspace_ids[start : start + MAX_BATCH]
        by_key = {keys.plan(organisation_id, each): each for each in batch}
        items = store.get_many(list(by_key))
        found.update((by_key[key], item) for key, item in items.items())
    return found


def frozen_of(item: Item) -> dict[str, Any]:
    """Return the frozen workload that an item holds."""
    frozen: dict[str, Any] = json.loads(gzip.decompress(octets(item.attributes, "frozen")))
    return frozen


def forget(organisation_id: str, workspace_id: str) -> Delete:
    """Remove the frozen workload."""
    return Delete(keys.plan(organisation_id, workspace_id))
