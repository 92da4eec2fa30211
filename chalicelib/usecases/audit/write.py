"""Writing down who did what, in the transaction of what was done."""

from dataclasses import replace
from typing import Protocol

from chalicelib.domain.naming import RANDOM_BYTES, make_id
from chalicelib.ports.bundle import Ports
from chalicelib.ports.signing import Signer
from chalicelib.ports.store import Put
from chalicelib.records import audit as records
from chalicelib.records.attributes import milliseconds
from chalicelib.records.audit import AuditRecord
from chalicelib.wire.audit import digest_of_line, sealed_text


class Acting(Protocol):
    """Whoever acts: a person, an agent, or Berth itself."""

    @property
    def id(self) -> str:
        """A user's id, an agent's, or ``berth``."""
        ...

    @property
    def organisation_id(self) -> str:
        """Where it acts."""
        ...


def audit(  # noqa: PLR0913 - who, what, to which, and what else there is to say
    ports: Ports,
    actor: Acting,
    action: str,
    subject: str,
    *,
    detail: str = "",
    is_new: bool = False,
) -> list[Put]:
    """Return the writes of one audit record, made now. ``action`` is ``resource:verb``.

    ``is_new``: the change makes the subject, so that there is no record to go on from and none is
    looked for. The writes fail with ConditionFailed when another record of the subject comes first.
    """
    return records.append(audit_record(ports, actor, action, subject, detail=detail, is_new=is_new))


def audit_record(  # noqa: PLR0913 - as above
    ports: Ports,
    actor: Acting,
    action: str,
    subject: str,
    *,
    detail: str = "",
    generation: int | None = None,
    is_new: bool = False,
) -> AuditRecord:
    """Return the audit record, chained to the newest of its subject (one read) and sealed."""
    org = actor.organisation_id
    last = None if is_new else records.load_last(ports.store, org, subject)
    record = AuditRecord(
        id=make_id("evt", ports.chance.token(RANDOM_BYTES)),
        organisation_id=org,
        at=milliseconds(ports.clock.now()),
        actor=actor.id,
        action=action,
        subject=subject,
        number=1 if last is None else last.number + 1,
        previous="" if last is None else last.digest,
        detail=detail,
        generation=generation,
    )
    digest = digest_of_line(records.line_of(record))
    return replace(record, digest=digest, seal=seal_of(ports.signer, digest))


def seal_of(signer: Signer, digest: str) -> str:
    """Return the seal of a line with this digest."""
    return signer.digest(sealed_text(digest)).hex()
