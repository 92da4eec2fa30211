"""A member: a person of an issuer in an organisation."""

from dataclasses import dataclass

from chalicelib.domain.access.roles import Role


@dataclass(frozen=True, slots=True)
class Member:
    """The record of a member. Who it is are ``issuer`` and ``subject``; name and e-mail are for
    display. A removed member keeps the record, so that what it did stays readable."""

    id: str
    organisation_id: str
    issuer: str
    subject: str
    name: str
    email: str
    role: Role
    version: int
    created_at: float
    removed_at: float | None = None
