"""Shapes that requests and answers of several rooms share."""

from dataclasses import fields
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from chalicelib.domain.access.roles import Person
from chalicelib.ports.bundle import Ports
from chalicelib.records.cursors import read_cursor, write_cursor

T = TypeVar("T")


class Closed(BaseModel):
    """A request: unknown fields are refused, nothing is coerced."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, defer_build=True)

    def given(self) -> dict[str, Any]:
        """Return the fields that the request names, but for nulls."""
        return {
            name: value
            for name in self.model_fields_set
            if (value := getattr(self, name)) is not None
        }


class Shown(BaseModel):
    """An answer."""

    model_config = ConfigDict(frozen=True, defer_build=True)


Label = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?\z")]
"""A DNS label (RFC 1123): names of workspaces and agents."""

DisplayName = Annotated[
    str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*\z")
]
"""Words for people, on one line."""


class Listing(Shown, Generic[T]):
    """A page of a list; ``next`` is the cursor of the next one, null at the end."""

    items: tuple[T, ...]
    next: str | None


class Paging(Closed):
    """Which page of a list."""

    cursor: str | None = Field(default=None, max_length=2048)
    limit: int = Field(default=50, ge=1, le=100)


def optional_fields(kind: type) -> dict[str, Any]:
    """Return the fields of a settings dataclass as those of a model in which each may be left out."""
    types: dict[str, Any] = {each.name: each.type for each in fields(kind)}
    return {name: (wanted | None, None) for name, wanted in types.items()}


def moment(at: float) -> str:
    """Return a time as RFC 3339 shows it, in UTC."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment_or_none(at: float | None) -> str | None:
    """Return a time as RFC 3339 shows it; None stays None."""
    return None if at is None else moment(at)


def after(ports: Ports, person: Person, listing: str, cursor: str | None) -> str | None:
    """Return the sort key that a list goes on after. Raises Invalid for a cursor of another list."""
    if cursor is None:
        return None
    return str(read_cursor(ports.signer, _audience(person, listing), cursor)[0])


def following(ports: Ports, person: Person, listing: str, sort: str | None) -> str | None:
    """Return the cursor with which the list goes on; None at its end."""
    return None if sort is None else write_cursor(ports.signer, _audience(person, listing), [sort])


def _audience(person: Person, listing: str) -> str:
    return f"{listing}:{person.organisation_id}:{person.id}"
