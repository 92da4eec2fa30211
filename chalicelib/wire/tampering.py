"""What can be wrong with an audit log, in words, and how a chain is followed to find it."""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.wire.audit import Head, Link, name_of


class Fault(StrEnum):
    """What is wrong with a line of the log, or with what is kept about it."""

    CHANGED = "changed"
    """It says something else than when Berth wrote it."""
    FORGED = "forged"
    """It was not written by this installation."""
    MISSING = "missing"
    """Lines before or after it are missing."""
    OUT_OF_ORDER = "out-of-order"
    """It does not follow the line before it."""
    REPLACED = "replaced"
    """It is not the one that Berth wrote down elsewhere as this one."""
    UNHELD = "unheld"
    """Nothing keeps it from being removed: its head is gone, or speaks of an older record."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken place. ``subject`` is empty for checkpoints."""

    fault: Fault
    subject: str
    number: int
    message: str


@dataclass(slots=True)
class Trail:
    """Where one is in a chain: the last line seen, by subject, number and digest."""

    subject: str = ""
    number: int = 0
    digest: str = ""

    @property
    def heads(self) -> tuple[Head, ...]:
        """The last line seen, as the newest of its chain; none at the beginning."""
        return (Head(self.subject, self.number, self.digest),) if self.number else ()

    def follow(self, link: Link, *, is_ours: bool = True) -> Finding | None:
        """Go on to the next line; a new subject begins a new chain. ``is_ours``: the seal is good.

        After a finding the line is taken as it is, so that one fault is found once.
        """
        if link.subject != self.subject:
            self.subject, self.number, self.digest = link.subject, 0, ""
        found = _fault(self, link, is_ours=is_ours)
        self.number, self.digest = link.number, link.digest
        return found


def missing_after(subject: str, last: int, number: int) -> str:
    """Say that of a chain the lines after ``last`` and up to ``number`` are missing."""
    count = number - last
    what = "record" if subject else "checkpoint"
    counted = f"{count} {what}s are" if count > 1 else f"1 {what} is"
    if last:
        return f"{counted} missing after {name_of(subject, last)}"
    return f"{counted} missing at the beginning of {subject or 'the checkpoints'}"


def _fault(trail: Trail, link: Link, *, is_ours: bool) -> Finding | None:
    name, fault = link.name, None
    if not link.is_intact:
        fault, message = Fault.CHANGED, f"{name} was changed"
    elif not is_ours:
        fault, message = Fault.FORGED, f"{name} was not written by this installation"
    elif link.number > trail.number + 1:
        fault = Fault.MISSING
        message = missing_after(link.subject, trail.number, link.number - 1)
    elif link.number <= trail.number:
        fault, message = Fault.OUT_OF_ORDER, f"{name} comes after number {trail.number}"
    elif link.previous != trail.digest:
        before = name_of(link.subject, trail.number) if trail.number else "nothing"
        fault, message = Fault.OUT_OF_ORDER, f"{name} does not follow {before}"
    if fault is None:
        return None
    return Finding(fault, link.subject, link.number, message)
