"""Sign-in at the issuer, from the first redirect to the session."""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from chalicelib.domain.access.member import Member
from chalicelib.domain.access.return_path import is_return_path
from chalicelib.domain.errors import Invalid, Problem, Unauthenticated, Unavailable
from chalicelib.ports.bundle import Ports
from chalicelib.ports.identity import Identity, IdentityUnavailable, SignInRefused, SignInStart
from chalicelib.ports.signing import Claims, Purpose, SignatureRefused
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import admissions, people
from chalicelib.usecases.access.join import join
from chalicelib.usecases.access.sessions import OpenedSession, open_session

CALLBACK_PATH = "/sign-in/callback"


@dataclass(frozen=True, slots=True)
class StartedSignIn:
    """Where to send the browser, and the secret that it has to bring back in a cookie."""

    location: str
    browser: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Callback:
    """What the browser brought back from the issuer. ``code_of_membership`` is a bootstrap code or
    an invitation, empty where there was none."""

    state: str
    code: str = field(repr=False)
    issuer: str | None
    error: str
    browser: str = field(repr=False)
    code_of_membership: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class FinishedSignIn:
    """A session, and the path that the browser wanted."""

    opened: OpenedSession
    return_path: str


def start_sign_in(ports: Ports, *, return_path: str, browser: str) -> StartedSignIn:
    """Return the issuer's address for this browser.

    ``browser`` is the secret it has from another tab's sign-in, empty when it has none: tabs share
    it, each with a state of its own.
    """
    if not is_return_path(return_path):
        message = "The address to return to must be a path of this site."
        raise Invalid("return-path", message, [Problem("return-path", message, "#/query/return")])
    secret = browser or _encoded(ports.chance.token())
    seed = _encoded(ports.chance.token(16))
    claims: Claims = {"seed": seed, "browser": _binding(secret), "return": return_path}
    state = ports.signer.sign(
        Purpose.SIGN_IN, audience=_redirect_uri(ports), subject="sign-in", claims=claims
    )
    try:
        location = ports.identity.authorization_url(_start(ports, state, seed))
    except IdentityUnavailable as error:
        raise _unavailable(error) from error
    return StartedSignIn(location, secret)


def finish_sign_in(ports: Ports, callback: Callback) -> FinishedSignIn:
    """Open a session for whom the issuer names. Raises Unauthenticated, Forbidden, Unavailable."""
    claims = _used_up(ports, callback)
    if callback.error or not callback.code:
        raise Unauthenticated("sign-in-refused", "The issuer did not sign you in. Try again.")
    start = _start(ports, callback.state, str(claims["seed"]))
    try:
        identity = ports.identity.identify(code=callback.code, issuer=callback.issuer, start=start)
    except SignInRefused as error:
        message = f"The issuer's answer does not prove who you are: {error}. Sign in again."
        raise Unauthenticated("sign-in-refused", message) from error
    except IdentityUnavailable as error:
        raise _unavailable(error) from error
    member = _member(ports, identity, callback.code_of_membership)
    return FinishedSignIn(open_session(ports, member), str(claims["return"]))


def _used_up(ports: Ports, callback: Callback) -> Claims:
    try:
        claims = ports.signer.verify(Purpose.SIGN_IN, callback.state, audience=_redirect_uri(ports))
    except SignatureRefused as error:
        raise _stale() from error
    bound = str(claims.get("browser", ""))
    if not callback.browser or not hmac.compare_digest(bound, _binding(callback.browser)):
        raise _stale()
    try:
        ports.store.write(
            admissions.use_up(Purpose.SIGN_IN, str(claims["jti"]), int(claims["exp"]))
        )
    except ConditionFailed as error:
        raise _stale() from error
    return claims


def _member(ports: Ports, identity: Identity, code: str) -> Member:
    member = people.find(ports.store, identity.issuer, identity.subject)
    if member is None or member.removed_at is not None:
        return join(ports, identity, code)
    if (member.name, member.email) != (identity.name, identity.email):
        try:
            ports.store.write(people.rename(member, identity.name, identity.email))
        except ConditionFailed:
            return people.load(ports.store, member.organisation_id, member.id) or member
    return member


def _start(ports: Ports, state: str, seed: str) -> SignInStart:
    # Verifier and nonce follow from the seed and the pepper: nothing has to be kept in between.
    return SignInStart(
        state=state,
        nonce=_encoded(ports.signer.digest(f"nonce:{seed}")),
        verifier=_encoded(ports.signer.digest(f"verifier:{seed}")),
        redirect_uri=_redirect_uri(ports),
    )


def _redirect_uri(ports: Ports) -> str:
    return ports.site.public_url + CALLBACK_PATH


def _binding(browser: str) -> str:
    return _encoded(hashlib.sha256(browser.encode()).digest())


def _encoded(octets: bytes) -> str:
    return urlsafe_b64encode(octets).rstrip(b"=").decode()


def _stale() -> Unauthenticated:
    return Unauthenticated(
        "sign-in-stale",
        "This sign-in was started in another browser, too long ago, or is done already. Sign in again.",
    )


def _unavailable(error: IdentityUnavailable) -> Unavailable:
    return Unavailable(
        "issuer-unavailable", f"The issuer could not be reached: {error}. Try again."
    )
