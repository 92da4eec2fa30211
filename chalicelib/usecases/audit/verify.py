"""Checking an organisation's whole audit log, a part in each call.

Three walks, none of which has to remember more than its place: along the checkpoints, whose records
must be there; along the heads that no checkpoint holds yet, likewise; along the records, chain by
chain, of which each must follow the one before it and the last must be held. The log may grow
meanwhile: what speaks of a record is written with it at once, and is read before it.
"""

import hmac
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, field

from chalicelib.domain.access.roles import Action, Person
from chalicelib.ports.bundle import Ports
from chalicelib.ports.signing import Signer
from chalicelib.ports.store import Store
from chalicelib.records import audit, checkpoints
from chalicelib.records.audit import AuditRecord
from chalicelib.records.checkpoints import Checkpoint
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import seal_of
from chalicelib.wire.audit import Head, Line, Link, NoLine, link_of, name_of
from chalicelib.wire.tampering import Fault, Finding, Trail, missing_after

STOP_AT_SECONDS = 8.0
MOST_FINDINGS = 100

_CHECKPOINTS, _HEADS, _RECORDS = "checkpoints", "heads", "records"
_THEN = {_CHECKPOINTS: _HEADS, _HEADS: _RECORDS}
_PAGE = {_CHECKPOINTS: 10, _HEADS: 100, _RECORDS: 500}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a check goes on: in which walk, behind which sort key, behind which line of a chain."""

    walk: str = _CHECKPOINTS
    after: str = ""
    subject: str = ""
    number: int = 0
    digest: str = ""

    def as_list(self) -> list[str | int]:
        """Return what a cursor holds."""
        return list(astuple(self))


@dataclass(slots=True)
class Checked:
    """What one call looked at and found. ``place`` is where to go on, None at the end."""

    records: int = 0
    checkpoints: int = 0
    unheld: int = 0
    """How many subjects have records that no checkpoint holds yet."""
    findings: list[Finding] = field(default_factory=list)
    newest: Checkpoint | None = None
    place: Place | None = None


def verify(
    ports: Ports, person: Person, place: Place | None, *, remaining: Callable[[], float]
) -> Checked:
    """Check on from the place, from the beginning where there is none, until 8 s are left or 100
    broken places are found."""
    require(person, Action.AUDIT_READ)
    check = _Check(ports.store, ports.signer, person.organisation_id, Checked())
    checked, at = check.checked, place or Place()
    while True:
        checked.place = check.step(at)
        if checked.place is None or remaining() < STOP_AT_SECONDS:
            return checked
        if len(checked.findings) >= MOST_FINDINGS:
            return checked
        at = checked.place


def is_ours(signer: Signer, link: Link) -> bool:
    """Whether the line's seal is this installation's."""
    return hmac.compare_digest(seal_of(signer, link.digest), link.seal)


@dataclass(frozen=True, slots=True)
class _Check:
    store: Store
    signer: Signer
    org: str
    checked: Checked

    def step(self, at: Place) -> Place | None:
        """Check one page and return the next place."""
        walk = {
            _RECORDS: self._walk_records,
            _HEADS: self._walk_heads,
            _CHECKPOINTS: self._walk_checkpoints,
        }[at.walk]
        trail, after = walk(at)
        if after is not None:
            return Place(at.walk, after, trail.subject, trail.number, trail.digest)
        then = _THEN.get(at.walk)
        return None if then is None else Place(then)

    def _walk_records(self, at: Place) -> tuple[Trail, str | None]:
        page = audit.load_page(self.store, self.org, after=at.after or None, limit=_PAGE[_RECORDS])
        self.checked.records += len(page.records)
        trail, is_held = Trail(at.subject, at.number, at.digest), False
        unheld: list[Head] = []
        for record in page.records:
            if record.subject != trail.subject and not is_held:
                unheld += trail.heads
            self._follow(trail, audit.line_of(record))
            is_held = record.checkpoint > 0
        if page.next is None and not is_held:
            unheld += trail.heads
        self._find(_not_in_their_checkpoints(self.store, self.org, page.records))
        self._find(_without_heads(self.store, self.org, unheld))
        return trail, page.next

    def _walk_heads(self, at: Place) -> tuple[Trail, str | None]:
        page = audit.load_heads(
            self.store, org=self.org, after=at.after or None, limit=_PAGE[_HEADS]
        )
        self.checked.unheld += len(page.heads)
        heads = [head for _, head in page.heads]
        self._find(_not_there(self.store, self.org, heads, "its head names"))
        return Trail(), page.next

    def _walk_checkpoints(self, at: Place) -> tuple[Trail, str | None]:
        page = checkpoints.load_page(
            self.store, self.org, after=at.after or None, limit=_PAGE[_CHECKPOINTS]
        )
        self.checked.checkpoints += len(page.checkpoints)
        trail = Trail(at.subject, at.number, at.digest)
        for checkpoint in page.checkpoints:
            if self._follow(trail, checkpoints.line_of(checkpoint)):
                holder = f"{name_of('', checkpoint.number)} holds"
                self._find(_not_there(self.store, self.org, checkpoint.heads, holder))
            self.checked.newest = checkpoint
        return trail, page.next

    def _follow(self, trail: Trail, line: Line) -> bool:
        """Whether what the line says is Berth's word."""
        try:
            link = link_of(line)
        except NoLine as error:
            message = f"the row {line.get('subject', '')!r} is no line of the log: {error}"
            self._find([Finding(Fault.FORGED, str(line.get("subject", "")), 0, message)])
            return False
        ours = is_ours(self.signer, link)
        found = trail.follow(link, is_ours=ours)
        self._find([] if found is None else [found])
        return ours and link.is_intact

    def _find(self, findings: Iterator[Finding] | list[Finding]) -> None:
        self.checked.findings.extend(findings)


def _not_in_their_checkpoints(
    store: Store, org: str, records: Sequence[AuditRecord]
) -> Iterator[Finding]:
    """Find records that are said to be held by a checkpoint which does not hold them."""
    held = [record for record in records if record.checkpoint]
    wanted = {record.checkpoint for record in held}
    found = checkpoints.load_many(store, org, wanted)
    for number in sorted(wanted - found.keys()):
        yield Finding(Fault.MISSING, "", number, f"{name_of('', number)} is missing")
    for record in held:
        checkpoint = found.get(record.checkpoint)
        if checkpoint is not None and record.head not in checkpoint.heads:
            holder, name = name_of("", record.checkpoint), name_of(record.subject, record.number)
            message = f"{holder} is said to hold {name}, and does not"
            yield Finding(Fault.UNHELD, record.subject, record.number, message)


def _without_heads(store: Store, org: str, newest: Sequence[Head]) -> Iterator[Finding]:
    """Find chains whose newest record neither a checkpoint nor a head holds."""
    heads = audit.load_heads_by_subject(store, org, [each.subject for each in newest])
    for each in newest:
        head = heads.get(each.subject)
        if head is not None and (head == each or head.number > each.number):
            continue  # one that is further on is the next walk's
        if _went_on(store, org, each):
            continue
        name = name_of(each.subject, each.number)
        if head is None:
            message = f"nothing holds {name}: its head is missing, or what came after it"
        else:
            message = f"the head of {each.subject} was set back: it names record {head.number}, and there is record {each.number}"
        yield Finding(Fault.UNHELD, each.subject, each.number, message)


def _went_on(store: Store, org: str, newest: Head) -> bool:
    """Whether a checkpoint or another record came since the record was read."""
    again = audit.load(store, org, newest.subject, newest.number)
    then = audit.load(store, org, newest.subject, newest.number + 1)
    return then is not None or (again is not None and again.checkpoint > 0)


def _not_there(store: Store, org: str, heads: Sequence[Head], holder: str) -> Iterator[Finding]:
    """Find what is held and no longer in the log as it was. ``holder`` says what holds it."""
    found = audit.load_heads_of(store, org, heads)
    for head in heads:
        record = found.get(head)
        if record is None:
            last = audit.load_last(store, org, head.subject)
            number = 0 if last is None else last.number
            if number < head.number:  # else it is a gap, which the walk along the records found
                message = missing_after(head.subject, number, head.number)
                yield Finding(Fault.MISSING, head.subject, head.number, message)
        elif record.digest != head.digest:
            message = f"{name_of(head.subject, head.number)} is not the one that {holder}"
            yield Finding(Fault.REPLACED, head.subject, head.number, message)
