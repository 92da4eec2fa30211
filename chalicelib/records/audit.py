"""Audit records: one for each accepted change, written in the change's own transaction."""

from dataclasses import dataclass

from chalicelib.ports.store import Absent, Item, Put, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """Who did what to which thing. Ids and names of things only: never a secret, never a body.

    ``actor`` is a user's or an agent's id, or ``berth`` where Berth acts by itself; ``action`` is
    ``resource:verb``.
    """

    id: str
    organisation_id: str
    at: float
    actor: str
    action: str
    subject: str
    detail: str = ""


def put_new(record: AuditRecord) -> Put:
    """Write the record."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "at": milliseconds(record.at),
        "actor": record.actor,
        "action": record.action,
        "subject": record.subject,
        "detail": record.detail,
    }
    key = keys.audit(record.organisation_id, record.at, record.id)
    return Put(Item(key, attributes), when=[Absent()])
