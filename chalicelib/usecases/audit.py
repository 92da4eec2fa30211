"""Writing down who did what, in the transaction of what was done."""

from chalicelib.domain.access.roles import Person
from chalicelib.domain.naming import RANDOM_BYTES, make_id
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import Put
from chalicelib.records.audit import AuditRecord, put_new


def audit(ports: Ports, actor: Person, action: str, subject: str, *, detail: str = "") -> Put:
    """Return the write of one audit record, made now. ``action`` is ``resource:verb``."""
    event_id = make_id("evt", ports.chance.token(RANDOM_BYTES))
    return put_new(
        AuditRecord(
            id=event_id,
            organisation_id=actor.organisation_id,
            at=ports.clock.now(),
            actor=actor.id,
            action=action,
            subject=subject,
            detail=detail,
        )
    )
