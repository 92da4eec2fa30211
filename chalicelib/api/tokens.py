"""Personal tokens, and the way a program on one's computer gets one."""

from typing import Annotated

from chalice.app import Response
from pydantic import Field, StringConstraints

from chalicelib.api import pages
from chalicelib.api.call import Call
from chalicelib.api.values import Closed, DisplayName, Listing, Shown, moment, moment_or_none
from chalicelib.domain.access.credentials import PersonalToken
from chalicelib.usecases.access.grant import exchange, grant
from chalicelib.usecases.access.tokens import list_tokens, make_token, revoke_token

Challenge = Annotated[str, StringConstraints(pattern=r"^[-_A-Za-z0-9]{43}\z")]


class ShownToken(Shown):
    """A personal token, without its text."""

    id: str
    name: str
    created_at: str
    expires_at: str | None
    used_at: str | None


class NewShownToken(ShownToken):
    """A new personal token; its text is shown this once."""

    token: str


class NewToken(Closed):
    """A personal token to make: it may do what you may."""

    name: DisplayName
    expires_in_days: int | None = Field(default=90, ge=1, le=366)


class NewGrant(Closed):
    """What a program asks for: SHA-256 of its verifier, base64url without padding (RFC 7636, S256)."""

    challenge: Challenge


class ShownGrant(Shown):
    """A code that the program exchanges within a minute."""

    code: str


class Exchange(Closed):
    """A grant's code, and the verifier of its challenge."""

    code: str = Field(max_length=4096)
    verifier: str = Field(min_length=32, max_length=128)


class Exchanged(Shown):
    """The token that was granted."""

    token: str


def get_tokens(call: Call) -> Listing[ShownToken]:
    """List your personal tokens."""
    found = list_tokens(call.ports, call.person)
    return Listing[ShownToken](
        items=tuple(ShownToken(**_shown(token)) for token in found), next=None
    )


def post_token(call: Call, body: NewToken) -> NewShownToken:
    """Make a personal token. Its text is shown this once."""
    days = body.expires_in_days
    made = make_token(
        call.ports,
        call.person,
        name=body.name,
        lifetime_seconds=None if days is None else days * 24 * 3600,
        attempt=call.attempt,
    )
    return NewShownToken(**_shown(made.token), token=made.text)


def delete_token(call: Call, token_id: str) -> None:
    """Revoke one of your personal tokens; it fails at its next use."""
    revoke_token(call.ports, call.person, token_id)


def show_grant(call: Call) -> Response:
    """Ask the person in the browser whether the command line may act as them."""
    return call.with_session(lambda _: pages.page("grant.html"))


def post_grant(call: Call, body: NewGrant) -> ShownGrant:
    """Grant a program on this computer a token of yours, from the page that asks you."""
    return ShownGrant(code=grant(call.ports, call.person, challenge=body.challenge))


def post_exchange(call: Call, body: Exchange) -> Exchanged:
    """Exchange a grant's code for a personal token, once."""
    return Exchanged(token=exchange(call.ports, code=body.code, verifier=body.verifier).text)


def _shown(token: PersonalToken) -> dict[str, str | None]:
    return {
        "id": token.id,
        "name": token.name,
        "created_at": moment(token.created_at),
        "expires_at": moment_or_none(token.expires_at),
        "used_at": moment_or_none(token.used_at),
    }
