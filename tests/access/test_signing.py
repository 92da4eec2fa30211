"""Our own signed tokens: what holds, and everything that does not."""

import hashlib
import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib.adapters.signing import PepperSigner
from chalicelib.ports.signing import LIFETIME_SECONDS, Purpose, SignatureRefused
from tests.api.world import PEPPER, URL
from tests.doubles import SteppedClock

AUDIENCE = "7681-ws-000000000000.ws.berth.test"


@pytest.fixture
def clock() -> SteppedClock:
    """A stepped clock."""
    return SteppedClock()


@pytest.fixture
def signer(clock: SteppedClock) -> PepperSigner:
    """A signer of the installation."""
    return PepperSigner(PEPPER, issuer=URL, clock=clock)


def signed(signer: PepperSigner, purpose: Purpose = Purpose.TICKET) -> str:
    return signer.sign(
        purpose, audience=AUDIENCE, subject="usr-000000000000", claims={"port": 7681}
    )


def key_of(purpose: Purpose) -> bytes:
    """The purpose's key, by the derivation that the adapter's words describe (RFC 5869)."""
    return HKDF(hashes.SHA256(), length=32, salt=None, info=purpose.value.encode()).derive(PEPPER)


def forged(
    clock: SteppedClock,
    *,
    headers: dict[str, Any] | None = None,
    algorithm: str = "HS256",
    **claims: Any,
) -> str:
    """Sign with the right key what is wrong otherwise."""
    now = int(clock.now())
    true = {
        "iss": URL,
        "aud": AUDIENCE,
        "sub": "usr-000000000000",
        "jti": "1",
        "iat": now,
        "nbf": now,
        "exp": now + 30,
    }
    payload = {name: value for name, value in {**true, **claims}.items() if value is not None}
    key = "" if algorithm == "none" else key_of(Purpose.TICKET)
    return jwt.encode(
        payload, key, algorithm, headers={"typ": Purpose.TICKET.value, **(headers or {})}
    )


@pytest.mark.parametrize("purpose", Purpose)
def test_what_was_signed_comes_back(
    signer: PepperSigner, clock: SteppedClock, purpose: Purpose
) -> None:
    """A token gives back its claims until its purpose's lifetime is over, and not a second longer."""
    token = signed(signer, purpose)
    claims = signer.verify(purpose, token, audience=AUDIENCE)
    assert (claims["sub"], claims["port"]) == ("usr-000000000000", 7681)
    clock.at += LIFETIME_SECONDS[purpose] - 1
    signer.verify(purpose, token, audience=AUDIENCE)
    clock.at += 1
    with pytest.raises(SignatureRefused):
        signer.verify(purpose, token, audience=AUDIENCE)


def test_no_token_does_in_anothers_place(signer: PepperSigner) -> None:
    """A token of one purpose is refused for every other."""
    for made in Purpose:
        for used in set(Purpose) - {made}:
            with pytest.raises(SignatureRefused):
                signer.verify(used, signed(signer, made), audience=AUDIENCE)


def test_the_type_is_checked_beside_the_key(signer: PepperSigner, clock: SteppedClock) -> None:
    """Even under the right key a token must name its purpose."""
    signer.verify(Purpose.TICKET, forged(clock), audience=AUDIENCE)
    for kind in (Purpose.SIGN_IN.value, "JWT", "", None):
        with pytest.raises(SignatureRefused):
            signer.verify(Purpose.TICKET, forged(clock, headers={"typ": kind}), audience=AUDIENCE)


def test_another_audience_issuer_or_pepper_is_refused(
    signer: PepperSigner, clock: SteppedClock
) -> None:
    """A token is for one audience of one installation."""
    token = signed(signer)
    for audience in ("another", AUDIENCE + ":443", AUDIENCE[:-1], ""):
        with pytest.raises(SignatureRefused):
            signer.verify(Purpose.TICKET, token, audience=audience)
    for other in (
        PepperSigner(bytes(32), issuer=URL, clock=clock),
        PepperSigner(PEPPER, issuer="https://other.test", clock=clock),
    ):
        with pytest.raises(SignatureRefused):
            other.verify(Purpose.TICKET, token, audience=AUDIENCE)


NOW = int(SteppedClock().at)
WRONG: dict[str, dict[str, Any]] = {
    **{f"no {name}": {name: None} for name in ("iss", "aud", "sub", "jti", "iat", "nbf", "exp")},
    "a list of audiences": {"aud": [AUDIENCE]},
    "a number as subject": {"sub": 5},
    "a number as id": {"jti": 5},
    "not valid yet": {"nbf": NOW + 20},
    "issued in the future": {"iat": NOW + 20},
    "longer than allowed": {"exp": NOW + 31},
    "a text as expiry": {"exp": str(NOW + 30)},
    "a fraction as expiry": {"exp": NOW + 29.5},
    "true as expiry": {"exp": True},
    "no algorithm": {"algorithm": "none"},
    "a stronger algorithm": {"algorithm": "HS512"},
    "a critical extension": {"headers": {"crit": ["exp"]}},
}


@pytest.mark.filterwarnings(
    "ignore::jwt.warnings.InsecureKeyLengthWarning"
)  # of the stronger algorithm
@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_wrong_tokens_are_refused(
    signer: PepperSigner, clock: SteppedClock, wrong: dict[str, Any]
) -> None:
    """A token under the right key with anything missing or wrong is refused."""
    with pytest.raises(SignatureRefused):
        signer.verify(Purpose.TICKET, forged(clock, **wrong), audience=AUDIENCE)


def test_altered_tokens_are_refused(signer: PepperSigner) -> None:
    """Any change, any addition and any other form of a token is refused."""
    token = signed(signer)
    head, body, mark = token.split(".")
    other = (
        urlsafe_b64encode(json.dumps({"sub": "usr-111111111111"}).encode()).rstrip(b"=").decode()
    )
    for altered in (
        "", ".", "..", token + ".", token + "." + mark, f"{head}.{other}.{mark}", f"{head}.{body}.",
        f"{head}.{body}", token + "A" * 5000, json.dumps({"payload": body, "signatures": [mark, mark]}),
    ):  # fmt: skip
        with pytest.raises(SignatureRefused):
            signer.verify(Purpose.TICKET, altered, audience=AUDIENCE)


def test_digests_are_keyed(signer: PepperSigner, clock: SteppedClock) -> None:
    """A digest depends on the pepper: the store alone tells nothing of a token."""
    other = PepperSigner(bytes(32), issuer=URL, clock=clock)
    assert signer.digest("a") == signer.digest("a")
    assert signer.digest("a") != other.digest("a")
    assert signer.digest("a") != hashlib.sha256(b"a").digest()
