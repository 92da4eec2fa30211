"""The lines of the audit log: what each says, its digest, and how lines follow each other.

A line is a JSON object: a record (one accepted change of one subject) or a checkpoint (which record
was the newest of each subject that changed since the checkpoint before). Lines of one subject form
a chain, numbered from 1, and so do the checkpoints. ``digest`` is the SHA-256 of the line's
canonical JSON without ``digest`` and ``seal``; ``previous`` is the digest of the line before it in
the chain, empty for the first; ``seal`` is a keyed digest that the control plane alone can make.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

from chalicelib.wire.canonical import digest_of

Line: TypeAlias = Mapping[str, Any]

RECORD: Final = "record"
CHECKPOINT: Final = "checkpoint"

_TEXTS = {
    RECORD: ("organisation", "subject", "id", "at", "actor", "action", "detail"),
    CHECKPOINT: ("organisation", "at"),
}
_OF_THE_CHAIN = ("previous", "digest", "seal")


class NoLine(Exception):
    """It is no line of an audit log."""


@dataclass(frozen=True, slots=True)
class Head:
    """The newest record of a subject: its number and its digest."""

    subject: str
    number: int
    digest: str


@dataclass(frozen=True, slots=True)
class Link:
    """A line as a part of its chain. ``subject`` is empty for checkpoints."""

    organisation: str
    subject: str
    number: int
    previous: str
    digest: str
    seal: str
    is_intact: bool
    """Whether the digest is that of what the line says."""
    heads: tuple[Head, ...] = ()

    @property
    def name(self) -> str:
        """What people call the line."""
        return name_of(self.subject, self.number)


def name_of(subject: str, number: int) -> str:
    """Return what people call a line of a subject, or of the checkpoints."""
    return f"record {number} of {subject}" if subject else f"checkpoint {number}"


def moment_of(milliseconds: int) -> str:
    """Return a time (milliseconds since the epoch) as lines say it: RFC 3339, in UTC."""
    try:
        at = datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return f"{milliseconds} ms"  # no calendar has it, so Berth never wrote it
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def digest_of_line(line: Line) -> str:
    """Return the digest (hexadecimal) of what a line says."""
    return digest_of({name: line[name] for name in line if name not in ("digest", "seal")})


def sealed_text(digest: str) -> str:
    """Return what the seal of a line is the keyed digest of. The digest names the organisation, the
    subject and the number, so that no seal does for another line."""
    return f"audit:{digest}"


def link_of(line: object) -> Link:
    """Return a line as a part of its chain. Raises NoLine for what is none."""
    kind = line.get("kind") if isinstance(line, dict) else None
    if not isinstance(line, dict) or not isinstance(kind, str) or kind not in _TEXTS:
        raise NoLine("it is no record and no checkpoint")
    for name in (*_TEXTS[kind], *_OF_THE_CHAIN):
        if not isinstance(line.get(name), str):
            raise NoLine(f"its {name} is no text")
        if name in _OF_THE_CHAIN and not line[name].isascii():
            raise NoLine(f"its {name} is no digest")
    number = line.get("number")
    if not isinstance(number, int) or number < 1:
        raise NoLine("its number is none")
    try:
        digest = digest_of_line(line)
    except UnicodeEncodeError as error:
        raise NoLine("it holds half of a character") from error
    return Link(
        organisation=line["organisation"],
        subject=line["subject"] if kind == RECORD else "",
        number=number,
        previous=line["previous"],
        digest=line["digest"],
        seal=line["seal"],
        is_intact=line["digest"] == digest,
        heads=_heads(line.get("heads")) if kind == CHECKPOINT else (),
    )


def _heads(value: object) -> tuple[Head, ...]:
    if not isinstance(value, list):
        raise NoLine("its heads are no list")
    heads = []
    for each in value:
        match each:
            case {"subject": str(subject), "number": int(number), "digest": str(digest)}:
                heads.append(Head(subject, number, digest))
            case _:
                raise NoLine("one of its heads is none")
    return tuple(heads)
