"""Reading and checking the audit log."""

from typing import Annotated, Any

from pydantic import Field, StringConstraints

from chalicelib.api.call import Call
from chalicelib.api.values import Closed, Listing, Shown, after, following
from chalicelib.records import audit, checkpoints
from chalicelib.records.cursors import read_cursor, write_cursor
from chalicelib.usecases.audit.compare import compare
from chalicelib.usecases.audit.read import list_checkpoints, list_records
from chalicelib.usecases.audit.verify import Place, verify
from chalicelib.wire.tampering import Fault, Finding

MOST_LINES = 200

SubjectId = Annotated[str, StringConstraints(pattern=r"^[a-z]{1,8}-[0-9a-z]{12}\z")]


class ShownRecord(Shown):
    """One accepted change: a line of the audit log."""

    kind: str
    organisation: str
    subject: str
    number: int
    id: str
    at: str
    actor: str
    action: str
    generation: int | None
    detail: str
    previous: str
    digest: str
    seal: str


class ShownHead(Shown):
    """The newest record of a subject."""

    subject: str
    number: int
    digest: str


class ShownCheckpoint(Shown):
    """The newest record of each subject that had changed: a line of the audit log."""

    kind: str
    organisation: str
    number: int
    at: str
    heads: tuple[ShownHead, ...]
    previous: str
    digest: str
    seal: str


class ShownFinding(Shown):
    """A broken place; ``subject`` is empty for checkpoints."""

    fault: Fault
    subject: str
    number: int
    message: str


class Verification(Shown):
    """What one call checked, and what it found. ``unheld`` counts the subjects with records that no
    checkpoint holds yet; with ``next`` the check goes on."""

    records: int
    checkpoints: int
    unheld: int
    findings: tuple[ShownFinding, ...]
    newest: ShownCheckpoint | None
    next: str | None


class Comparison(Shown):
    """What is wrong with the lines, or with the log that does not have them any more."""

    findings: tuple[ShownFinding, ...]


class RecordPaging(Closed):
    """Which page of the records, and of which subject."""

    cursor: str | None = Field(default=None, max_length=2048)
    limit: int = Field(default=50, ge=1, le=500)
    subject: SubjectId | None = None


class CheckpointPaging(Closed):
    """Which page of the checkpoints."""

    cursor: str | None = Field(default=None, max_length=2048)
    limit: int = Field(default=20, ge=1, le=50)


class GoingOn(Closed):
    """Where the check goes on."""

    cursor: str | None = Field(default=None, max_length=2048)


class ExportedLines(Closed):
    """Lines of an exported log."""

    lines: tuple[dict[str, Any], ...] = Field(max_length=MOST_LINES)


def get_records(call: Call, query: RecordPaging) -> Listing[ShownRecord]:
    """List audit records, by subject and number. For owners and auditors."""
    ports, person = call.ports, call.person
    name = f"audit-records:{query.subject or ''}"
    page = list_records(
        ports,
        person,
        subject=query.subject,
        after=after(ports, person, name, query.cursor),
        limit=query.limit,
    )
    return Listing[ShownRecord](
        items=tuple(ShownRecord(**audit.line_of(record)) for record in page.records),
        next=following(ports, person, name, page.next),
    )


def get_checkpoints(call: Call, query: CheckpointPaging) -> Listing[ShownCheckpoint]:
    """List the checkpoints of the audit log, oldest first. For owners and auditors."""
    ports, person = call.ports, call.person
    page = list_checkpoints(
        ports,
        person,
        after=after(ports, person, "audit-checkpoints", query.cursor),
        limit=query.limit,
    )
    return Listing[ShownCheckpoint](
        items=tuple(ShownCheckpoint(**checkpoints.line_of(each)) for each in page.checkpoints),
        next=following(ports, person, "audit-checkpoints", page.next),
    )


def get_verification(call: Call, query: GoingOn) -> Verification:
    """Check the audit log, as much of it as a call may take. For owners and auditors."""
    ports, person = call.ports, call.person
    audience = f"audit-verification:{person.organisation_id}:{person.id}"
    place = None
    if query.cursor is not None:
        stored: list[Any] = read_cursor(ports.signer, audience, query.cursor)
        place = Place(*stored)
    checked = verify(ports, person, place, remaining=call.remaining)
    newest, then = checked.newest, checked.place
    return Verification(
        records=checked.records,
        checkpoints=checked.checkpoints,
        unheld=checked.unheld,
        findings=tuple(map(_shown, checked.findings)),
        newest=None if newest is None else ShownCheckpoint(**checkpoints.line_of(newest)),
        next=None if then is None else write_cursor(ports.signer, audience, then.as_list()),
    )


def post_comparison(call: Call, body: ExportedLines) -> Comparison:
    """Compare exported lines with the audit log. For owners and auditors."""
    found = compare(call.ports, call.person, body.lines)
    return Comparison(findings=tuple(map(_shown, found)))


def _shown(finding: Finding) -> ShownFinding:
    return ShownFinding(
        fault=finding.fault,
        subject=finding.subject,
        number=finding.number,
        message=finding.message,
    )
