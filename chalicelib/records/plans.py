"""The frozen rendering of a workspace, compressed: it is read when there is something to send.

Beside it the plan that it was made of, from which it is made anew for another agent.
"""

import gzip
import json
from collections.abc import Sequence
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from chalicelib.domain.targets.plan import WorkspacePlan
from chalicelib.ports.store import MAX_BATCH, Absent, Delete, Exists, Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, octets
from chalicelib.wire.canonical import canonical


def put_new(plan: WorkspacePlan, frozen: dict[str, Any]) -> Put:
    """Write a frozen workload; the target saw to it that it is small enough to be sent."""
    return Put(_item(plan, frozen), when=[Absent()])


def put_again(plan: WorkspacePlan, frozen: dict[str, Any]) -> Put:
    """Write a workload that was frozen anew, for another agent."""
    return Put(_item(plan, frozen), when=[Exists()])


def load_plan(store: Store, organisation_id: str, workspace_id: str) -> WorkspacePlan | None:
    """Return the plan, but for the settings of agent and organisation; None where there is none."""
    item = store.get(keys.plan(organisation_id, workspace_id))
    content = b"" if item is None else octets(item.attributes, "plan")
    return _plans().validate_json(gzip.decompress(content)) if content else None


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


def _item(plan: WorkspacePlan, frozen: dict[str, Any]) -> Item:
    content = _plans().dump_json(plan, exclude={"agent", "git_hosts"}, exclude_defaults=True)
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "frozen": gzip.compress(canonical(frozen), mtime=0),
        "plan": gzip.compress(content, mtime=0),
    }
    return Item(keys.plan(plan.organisation_id, plan.workspace_id), attributes)


@cache
def _plans() -> TypeAdapter[WorkspacePlan]:
    return TypeAdapter(WorkspacePlan)


def forget(organisation_id: str, workspace_id: str) -> Delete:
    """Remove the frozen workload."""
    return Delete(keys.plan(organisation_id, workspace_id))
