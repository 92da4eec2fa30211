"""Comparing exported lines with the log: whether they are ours, and still in it."""

from collections.abc import Iterator, Sequence

from chalicelib.domain.access.roles import Action, Person
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import Store
from chalicelib.records import audit, checkpoints
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.verify import is_ours
from chalicelib.wire.audit import Head, Line, Link, NoLine, link_of
from chalicelib.wire.tampering import Fault, Finding


def compare(ports: Ports, person: Person, lines: Sequence[Line]) -> list[Finding]:
    """Return what is wrong with the lines, or with the log where it does not have them any more."""
    require(person, Action.AUDIT_READ)
    findings: list[Finding] = []
    ours: list[Link] = []
    for line in lines:
        try:
            link = link_of(line)
        except NoLine as error:
            findings.append(Finding(Fault.FORGED, "", 0, f"a line is none: {error}"))
            continue
        if (found := _foreign(ports, person, link)) is not None:
            findings.append(found)
        else:
            ours.append(link)
    return [*findings, *_gone(ports.store, person.organisation_id, ours)]


def _foreign(ports: Ports, person: Person, link: Link) -> Finding | None:
    if not link.is_intact:
        return Finding(Fault.CHANGED, link.subject, link.number, f"{link.name} was changed")
    if not is_ours(ports.signer, link):
        message = f"{link.name} was not written by this installation"
        return Finding(Fault.FORGED, link.subject, link.number, message)
    if link.organisation != person.organisation_id:
        message = f"{link.name} is of another organisation"
        return Finding(Fault.FORGED, link.subject, link.number, message)
    return None


def _gone(store: Store, org: str, links: Sequence[Link]) -> Iterator[Finding]:
    heads = {link: Head(link.subject, link.number, link.digest) for link in links if link.subject}
    records = audit.load_heads_of(store, org, heads.values())
    numbers = [link.number for link in links if not link.subject]
    kept = checkpoints.load_many(store, org, numbers)
    for link in links:
        stored = records.get(heads[link]) if link.subject else kept.get(link.number)
        if stored is None:
            message = f"{link.name} is missing in the log"
            yield Finding(Fault.MISSING, link.subject, link.number, message)
        elif stored.digest != link.digest:
            message = f"{link.name} is another one in the log"
            yield Finding(Fault.REPLACED, link.subject, link.number, message)
