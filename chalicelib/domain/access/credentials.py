"""What people and programs show to be let in, and how a token is written.

A token is ``berth_<kind>_<organisation>_<id>_<secret>``: the ids (without their prefixes) find its
record in one read, the secret proves it. Only a keyed digest of the whole token is stored.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from chalicelib.domain.access.roles import Role
from chalicelib.domain.naming import is_id


class TokenKind(StrEnum):
    """Whose a token is; each kind's id has a prefix of its own."""

    PERSON = "pat"
    AGENT = "agt"
    PROXY = "prx"
    INVITATION = "inv"


ID_PREFIX: dict[TokenKind, str] = {
    TokenKind.PERSON: "tok",
    TokenKind.AGENT: "ag",
    TokenKind.PROXY: "ag",
    TokenKind.INVITATION: "inv",
}

_PARTS = 5
_LONGEST = 256


@dataclass(frozen=True, slots=True)
class Token:
    """A token taken apart. ``text`` is the whole of it."""

    kind: TokenKind
    organisation_id: str
    id: str
    text: str = field(repr=False)


def parse_token(text: str) -> Token | None:
    """Return the parts, or None when the text is no token of Berth's."""
    parts = text.split("_", _PARTS - 1)
    if len(text) > _LONGEST or len(parts) != _PARTS or parts[0] != "berth":
        return None
    if parts[1] not in set(TokenKind):
        return None
    kind = TokenKind(parts[1])
    organisation_id, own_id = f"org-{parts[2]}", f"{ID_PREFIX[kind]}-{parts[3]}"
    if not (is_id("org", organisation_id) and is_id(ID_PREFIX[kind], own_id)):
        return None
    return Token(kind, organisation_id, own_id, text)


def write_token(kind: TokenKind, organisation_id: str, own_id: str, secret: str) -> str:
    """Return the token; ``secret`` is 32 bytes as base64url without padding."""
    organisation, own = organisation_id.partition("-")[2], own_id.partition("-")[2]
    return f"berth_{kind}_{organisation}_{own}_{secret}"


@dataclass(frozen=True, slots=True)
class PersonalToken:
    """The record of a personal token: it may do what its person may. ``made_by`` is the id of the token
    that it was made with, which it does not outlive; empty where a browser's session made it."""

    id: str
    organisation_id: str
    user_id: str
    name: str
    digest: bytes = field(repr=False)
    created_at: float
    expires_at: float | None = None
    used_at: float | None = None
    made_by: str = ""


@dataclass(frozen=True, slots=True)
class Session:
    """The record of a browser's session. It ends at ``expires_at`` whatever happens, and an hour
    after ``seen_at``."""

    id: str
    organisation_id: str
    user_id: str
    digest: bytes = field(repr=False)
    created_at: float
    seen_at: float
    expires_at: float


@dataclass(frozen=True, slots=True)
class Invitation:
    """The record of a one-time code that makes whoever signs in with it a member."""

    id: str
    organisation_id: str
    role: Role
    digest: bytes = field(repr=False)
    invited_by: str
    created_at: float
    expires_at: float
