"""Signing in a program on a person's computer: the browser grants, the program proves that it asked.

A grant is bound to the program by a challenge (RFC 7636), holds for a minute, and is taken once.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode

from chalicelib.domain.access.roles import Person
from chalicelib.domain.errors import Unauthenticated
from chalicelib.ports.bundle import Ports
from chalicelib.ports.signing import Purpose, SignatureRefused
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import admissions, people
from chalicelib.usecases.access.tokens import MadeToken, make_token

EXCHANGE_PATH = "/api/v1/tokens/exchange"
TOKEN_NAME = "Command line"  # noqa: S105 - what the token is called
TOKEN_SECONDS = 90 * 24 * 3600


def grant(ports: Ports, person: Person, *, challenge: str) -> str:
    """Return a code with which whoever knows the challenge's verifier gets a token of the person."""
    return ports.signer.sign(
        Purpose.GRANT,
        audience=ports.site.public_url + EXCHANGE_PATH,
        subject=person.id,
        claims={"org": person.organisation_id, "challenge": challenge},
    )


def exchange(ports: Ports, *, code: str, verifier: str) -> MadeToken:
    """Make the token that was granted. Raises Unauthenticated."""
    audience = ports.site.public_url + EXCHANGE_PATH
    try:
        claims = ports.signer.verify(Purpose.GRANT, code, audience=audience)
    except SignatureRefused as error:
        raise _refused() from error
    shown = urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    if not hmac.compare_digest(str(claims["challenge"]).encode(), shown):
        raise _refused()
    member = people.load(ports.store, str(claims["org"]), str(claims["sub"]))
    if member is None or member.removed_at is not None:
        raise _refused()
    try:
        ports.store.write(admissions.use_up(Purpose.GRANT, str(claims["jti"]), int(claims["exp"])))
    except ConditionFailed as error:
        raise _refused() from error
    return make_token(
        ports, people.person_of(member), name=TOKEN_NAME, lifetime_seconds=TOKEN_SECONDS
    )


def _refused() -> Unauthenticated:
    return Unauthenticated("grant-refused", "The grant is unknown, too old or used. Start again.")
