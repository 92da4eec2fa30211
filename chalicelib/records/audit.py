"""Audit records, each chained to the one before it of its subject, and the heads of the chains that
no checkpoint holds yet. Records never expire.

Whoever checks the log reads what somebody may have spoiled: a value of a wrong type is read as
empty, and then its line's digest does not fit.
"""

import logging
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.ports.store import MAX_BATCH, Absent, Attributes, Item, Key, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA
from chalicelib.wire.audit import RECORD, Head, moment_of

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who did what to which thing. Ids and names of things only: never a secret, never a body.

    ``actor`` is a user's or an agent's id, or ``berth`` where Berth acts by itself; ``action`` is
    ``resource:verb``; ``generation`` is the workspace's after the change, None where there is none.
    """

    id: str
    organisation_id: str
    at: int
    """Milliseconds since the epoch."""
    actor: str
    action: str
    subject: str
    number: int
    previous: str
    detail: str = ""
    generation: int | None = None
    digest: str = ""
    seal: str = ""
    checkpoint: int = 0
    """The first checkpoint that holds it as the newest of its subject; 0: none does."""

    @property
    def head(self) -> Head:
        """The record as the newest of its subject."""
        return Head(self.subject, self.number, self.digest)


@dataclass(frozen=True, slots=True)
class RecordPage:
    """Records in order of subject and number; ``next`` goes on."""

    records: tuple[AuditRecord, ...]
    next: str | None


@dataclass(frozen=True, slots=True)
class HeadPage:
    """Heads that no checkpoint holds, each with its organisation; ``next`` goes on."""

    heads: tuple[tuple[str, Head], ...]
    next: str | None


def append(record: AuditRecord) -> list[Put]:
    """Write the record behind the one before it, and its head. Fails when another came first."""
    org = record.organisation_id
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "id": record.id,
        "at": record.at,
        "actor": record.actor,
        "action": record.action,
        "subject": record.subject,
        "detail": record.detail,
        "generation": record.generation,
        "previous": record.previous,
        "digest": record.digest,
        "seal": record.seal,
    }
    head: dict[str, Value] = {"v": SCHEMA, "number": record.number, "digest": record.digest}
    return [
        Put(
            Item(keys.audit_record(org, record.subject, record.number), attributes), when=[Absent()]
        ),
        Put(Item(keys.audit_head(org, record.subject), head)),
    ]


def load(store: Store, org: str, subject: str, number: int) -> AuditRecord | None:
    """Return one record."""
    item = store.get(keys.audit_record(org, subject, number))
    return None if item is None else _record(org, item)


def load_last(store: Store, org: str, subject: str) -> AuditRecord | None:
    """Return the newest record of a subject."""
    prefix = keys.audit_records(subject)
    page = store.query(keys.of_audit(org), prefix=prefix, descending=True, limit=1)
    return _record(org, page.items[0]) if page.items else None


def load_page(
    store: Store, org: str, *, subject: str | None = None, after: str | None, limit: int
) -> RecordPage:
    """Return a page of the records, of one subject or of all."""
    prefix = keys.AUDIT_RECORDS if subject is None else keys.audit_records(subject)
    page = store.query(keys.of_audit(org), prefix=prefix, after=after, limit=limit)
    return RecordPage(tuple(_record(org, item) for item in page.items), page.next)


def load_heads_of(store: Store, org: str, heads: Iterable[Head]) -> dict[Head, AuditRecord]:
    """Return for each head the record of its number, where there is one."""
    wanted = {head: keys.audit_record(org, head.subject, head.number) for head in heads}
    found = get_all(store, wanted.values())
    return {head: _record(org, found[key]) for head, key in wanted.items() if key in found}


def load_heads_by_subject(store: Store, org: str, subjects: Iterable[str]) -> dict[str, Head]:
    """Return the heads of those of the subjects whose newest record no checkpoint holds."""
    found = get_all(store, [keys.audit_head(org, subject) for subject in subjects])
    return {head.subject: head for _, head in _heads(found.values())}


def load_heads(store: Store, *, org: str | None = None, after: str | None, limit: int) -> HeadPage:
    """Return a page of the heads that no checkpoint holds, of one organisation or of all."""
    prefix = "" if org is None else keys.audit_heads(org)
    page = store.query(keys.AUDIT_HEADS, prefix=prefix, after=after, limit=limit)
    return HeadPage(tuple(_heads(page.items)), page.next)


def line_of(record: AuditRecord) -> dict[str, Any]:
    """Return the line that the record is in the log."""
    return {
        "kind": RECORD,
        "organisation": record.organisation_id,
        "subject": record.subject,
        "number": record.number,
        "id": record.id,
        "at": moment_of(record.at),
        "actor": record.actor,
        "action": record.action,
        "generation": record.generation,
        "detail": record.detail,
        "previous": record.previous,
        "digest": record.digest,
        "seal": record.seal,
    }


def _record(org: str, item: Item) -> AuditRecord:
    stored = item.attributes
    subject, number = _place(item.key.sort)
    generation = stored.get("generation")
    return AuditRecord(
        id=text_or_empty(stored, "id"),
        organisation_id=org,
        at=number_or_zero(stored, "at"),
        actor=text_or_empty(stored, "actor"),
        action=text_or_empty(stored, "action"),
        subject=subject,
        number=number,
        previous=text_or_empty(stored, "previous"),
        detail=text_or_empty(stored, "detail"),
        generation=generation if isinstance(generation, int) else None,
        digest=text_or_empty(stored, "digest"),
        seal=text_or_empty(stored, "seal"),
        checkpoint=number_or_zero(stored, "checkpoint"),
    )


def _place(sort: str) -> tuple[str, int]:
    """Return subject and number of a record's sort key; number 0 for what is no such key."""
    subject, _, place = sort.removeprefix(keys.AUDIT_RECORDS).rpartition("#")
    if not subject or "#" in subject or not subject.isprintable() or not place.isdecimal():
        return sort, 0
    return subject, int(place)


def _heads(items: Iterable[Item]) -> Iterator[tuple[str, Head]]:
    for item in items:
        try:
            yield _head(item)
        except ValueError:
            _log.error("%r is no head of an audit chain", item.key.sort)


def _head(item: Item) -> tuple[str, Head]:
    org, subject = keys.audit_head_parts(item.key.sort)
    return org, Head(
        subject, number_or_zero(item.attributes, "number"), text_or_empty(item.attributes, "digest")
    )


def text_or_empty(stored: Attributes, name: str) -> str:
    """Return a text; an empty one where there is none."""
    value = stored.get(name)
    return value if isinstance(value, str) else ""


def number_or_zero(stored: Attributes, name: str) -> int:
    """Return a number; 0 where there is none."""
    value = stored.get(name)
    return value if isinstance(value, int) else 0


def get_all(store: Store, wanted: Iterable[Key]) -> Mapping[Key, Item]:
    """Return those of any number of items that exist."""
    chosen, found = list(dict.fromkeys(wanted)), dict[Key, Item]()
    for start in range(0, len(chosen), MAX_BATCH):
        found.update(store.get_many(chosen[start : start + MAX_BATCH]))
    return found
