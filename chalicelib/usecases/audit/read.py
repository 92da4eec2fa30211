"""Reading the audit log."""

from chalicelib.domain.access.roles import Action, Person
from chalicelib.ports.bundle import Ports
from chalicelib.records import audit, checkpoints
from chalicelib.records.audit import RecordPage
from chalicelib.records.checkpoints import CheckpointPage
from chalicelib.usecases.access.permission import require


def list_records(
    ports: Ports, person: Person, *, subject: str | None, after: str | None, limit: int
) -> RecordPage:
    """Return a page of the records, of one subject or of all, chain by chain."""
    require(person, Action.AUDIT_READ)
    return audit.load_page(
        ports.store, person.organisation_id, subject=subject, after=after, limit=limit
    )


def list_checkpoints(
    ports: Ports, person: Person, *, after: str | None, limit: int
) -> CheckpointPage:
    """Return a page of the checkpoints, oldest first."""
    require(person, Action.AUDIT_READ)
    return checkpoints.load_page(ports.store, person.organisation_id, after=after, limit=limit)
