"""Checkpoints of the audit log, a chain of their own. They never expire."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from chalicelib.ports.store import Absent, Delete, Equals, Item, Put, Store, Update, Value, Write
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA
from chalicelib.records.audit import get_all, number_or_zero, text_or_empty
from chalicelib.wire.audit import CHECKPOINT, Head, moment_of


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The newest record of each subject that changed since the checkpoint before."""

    organisation_id: str
    number: int
    at: int
    """Milliseconds since the epoch."""
    heads: tuple[Head, ...]
    previous: str
    digest: str = ""
    seal: str = ""


@dataclass(frozen=True, slots=True)
class CheckpointPage:
    """Checkpoints in order of number; ``next`` goes on."""

    checkpoints: tuple[Checkpoint, ...]
    next: str | None


def put_new(checkpoint: Checkpoint) -> list[Write]:
    """Write the checkpoint; its heads are held by it and need no rows of their own any more.

    Fails when there is such a checkpoint, a head moved on, or a record is not there as it was.
    """
    org = checkpoint.organisation_id
    heads: list[Value] = [asdict(head) for head in checkpoint.heads]
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "at": checkpoint.at,
        "heads": heads,
        "previous": checkpoint.previous,
        "digest": checkpoint.digest,
        "seal": checkpoint.seal,
    }
    key = keys.audit_checkpoint(org, checkpoint.number)
    writes: list[Write] = [Put(Item(key, attributes), when=[Absent()])]
    for head in checkpoint.heads:
        is_it = Equals("digest", head.digest)
        record = keys.audit_record(org, head.subject, head.number)
        writes.append(Delete(keys.audit_head(org, head.subject), when=[is_it]))
        writes.append(Update(record, set={"checkpoint": checkpoint.number}, when=[is_it]))
    return writes


def load_last(store: Store, org: str) -> Checkpoint | None:
    """Return the newest checkpoint."""
    page = store.query(keys.of_audit(org), prefix=keys.AUDIT_CHECKPOINTS, descending=True, limit=1)
    return _checkpoint(org, page.items[0]) if page.items else None


def load_many(store: Store, org: str, numbers: Iterable[int]) -> dict[int, Checkpoint]:
    """Return those of the checkpoints that exist, by number."""
    wanted = {each: keys.audit_checkpoint(org, each) for each in numbers}
    found = get_all(store, wanted.values())
    return {each: _checkpoint(org, found[key]) for each, key in wanted.items() if key in found}


def load_page(store: Store, org: str, *, after: str | None, limit: int) -> CheckpointPage:
    """Return a page of the checkpoints."""
    prefix = keys.AUDIT_CHECKPOINTS
    page = store.query(keys.of_audit(org), prefix=prefix, after=after, limit=limit)
    return CheckpointPage(tuple(_checkpoint(org, item) for item in page.items), page.next)


def line_of(checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the line that the checkpoint is in the log."""
    return {
        "kind": CHECKPOINT,
        "organisation": checkpoint.organisation_id,
        "number": checkpoint.number,
        "at": moment_of(checkpoint.at),
        "heads": [asdict(head) for head in checkpoint.heads],
        "previous": checkpoint.previous,
        "digest": checkpoint.digest,
        "seal": checkpoint.seal,
    }


def _checkpoint(org: str, item: Item) -> Checkpoint:
    stored = item.attributes
    heads = stored.get("heads")
    rows = [row for row in heads if isinstance(row, dict)] if isinstance(heads, list) else []
    return Checkpoint(
        organisation_id=org,
        number=_number(item.key.sort),
        at=number_or_zero(stored, "at"),
        heads=tuple(
            Head(
                text_or_empty(row, "subject"),
                number_or_zero(row, "number"),
                text_or_empty(row, "digest"),
            )
            for row in rows
        ),
        previous=text_or_empty(stored, "previous"),
        digest=text_or_empty(stored, "digest"),
        seal=text_or_empty(stored, "seal"),
    )


def _number(sort: str) -> int:
    """Return the number of a checkpoint's sort key; 0 for what is no such key."""
    place = keys.last_part(sort)
    return int(place) if place.isdecimal() else 0
