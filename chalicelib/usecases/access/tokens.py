"""Personal tokens: made, listed and revoked by their own person."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from chalicelib.domain.access.credentials import PersonalToken, TokenKind
from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.errors import Missing
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import idempotency, tokens
from chalicelib.records.idempotency import Attempt
from chalicelib.usecases.access.mint import mint, new_id, new_seed
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import audit


@dataclass(frozen=True, slots=True)
class MadeToken:
    """A new token's record, and its text, which is shown once."""

    token: PersonalToken
    text: str = field(repr=False)


def make_token(
    ports: Ports,
    person: Person,
    *,
    name: str,
    lifetime_seconds: int | None,
    attempt: Attempt | None = None,
) -> MadeToken:
    """Make a token that may do what the person may, for ``lifetime_seconds`` (None: for ever).

    One that is made with a token ends with that at the latest.
    """
    require(person, Action.TOKENS)
    if (earlier := idempotency.find(ports.store, attempt)) is not None:
        return _made_before(ports, person, earlier)
    token_id, seed = new_id(ports, "tok"), new_seed(ports)
    minted = mint(ports.signer, TokenKind.PERSON, person.organisation_id, token_id, seed=seed)
    maker = _maker(ports, person)
    now = ports.clock.now()
    asked = None if lifetime_seconds is None else now + lifetime_seconds
    token = PersonalToken(
        id=token_id,
        organisation_id=person.organisation_id,
        user_id=person.id,
        name=name,
        digest=minted.digest,
        created_at=now,
        expires_at=_earlier(asked, maker.expires_at if maker else None),
        made_by=maker.id if maker else "",
    )
    try:
        ports.store.transact(
            [
                tokens.put_new(token),
                *([tokens.still_there(maker)] if maker else []),
                *audit(ports, person, "tokens:make", token_id, is_new=True),
                *idempotency.put(attempt, f"{token_id} {seed}"),
            ]
        )
    except ConditionFailed:
        if (earlier := idempotency.find(ports.store, attempt)) is None:
            raise
        return _made_before(ports, person, earlier)
    return MadeToken(token, minted.text)


def list_tokens(ports: Ports, person: Person) -> Sequence[PersonalToken]:
    """Return the person's own tokens."""
    require(person, Action.TOKENS)
    everybody = tokens.every_token(ports.store, person.organisation_id)
    return [token for token in everybody if token.user_id == person.id]


def revoke_token(ports: Ports, person: Person, token_id: str) -> None:
    """Revoke one of the person's own tokens and those that were made with it; each fails at its next use.

    The token goes first, so that it makes no more; asking again goes on where a call broke off.
    """
    require(person, Action.TOKENS)
    token = tokens.load(ports.store, person.organisation_id, token_id)
    is_own = token is not None and token.user_id == person.id
    if is_own:
        _end(ports, person, token_id)
    made_with_it = _made_with(list_tokens(ports, person), token_id)
    if not (is_own or made_with_it):
        raise Missing("no-such-token", "There is no such token.")
    for each in made_with_it:
        _end(ports, person, each)


def _end(ports: Ports, person: Person, token_id: str) -> None:
    ports.store.transact(
        [
            tokens.revoke(person.organisation_id, token_id),
            *audit(ports, person, "tokens:revoke", token_id),
        ]
    )


def _maker(ports: Ports, person: Person) -> PersonalToken | None:
    """Return the token that is used to make another; None for a session's or a grant's."""
    if not person.token_id:
        return None
    maker = tokens.load(ports.store, person.organisation_id, person.token_id)
    if maker is None:
        raise Missing("no-such-token", "The token that this request shows was revoked since.")
    return maker


def _earlier(asked: float | None, limit: float | None) -> float | None:
    """Return the earlier of two ends, of which None never comes."""
    return min((end for end in (asked, limit) if end is not None), default=None)


def _made_with(own: Sequence[PersonalToken], token_id: str) -> list[str]:
    """Return the tokens that were made with this one, and with those in turn."""
    found = [token.id for token in own if token.made_by == token_id]
    return found + [each for child in found for each in _made_with(own, child)]


def _made_before(ports: Ports, person: Person, earlier: str) -> MadeToken:
    token_id, _, seed = earlier.partition(" ")
    token = tokens.load(ports.store, person.organisation_id, token_id)
    if token is None:
        raise Missing("no-such-token", "The token that this request made was revoked since.")
    minted = mint(ports.signer, TokenKind.PERSON, person.organisation_id, token_id, seed=seed)
    return MadeToken(token, minted.text)
