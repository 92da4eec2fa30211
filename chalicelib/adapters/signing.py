"""Keyed digests and signed tokens from one secret, the pepper.

Each purpose signs under a key of its own, derived by HKDF-SHA256 (RFC 5869), with HS256 and nothing
else, and names itself in ``typ`` (RFC 8725). Everything that is checked of our own tokens is
checked here.
"""

import hashlib
import hmac
import secrets

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chalicelib.ports.clock import Clock
from chalicelib.ports.signing import LIFETIME_SECONDS, Claims, Purpose, SignatureRefused

_ALGORITHM = "HS256"
_REQUIRED = ["exp", "iat", "nbf", "iss", "aud", "sub", "jti"]
_LONGEST = 4096
_LEEWAY_SECONDS = 5


class PepperSigner:
    """The Signer port from the pepper, at least 32 bytes; ``issuer`` is the installation's address."""

    def __init__(self, pepper: bytes, *, issuer: str, clock: Clock) -> None:
        self._pepper = pepper
        self._issuer = issuer
        self._clock = clock
        self._keys = {purpose: _derive(pepper, purpose) for purpose in Purpose}

    def digest(self, text: str) -> bytes:
        """See the port."""
        # Half of a surrogate pair, which a gateway may make of a header, is no text of ours: unknown, not a fault.
        return hmac.digest(self._pepper, text.encode("utf-8", "surrogatepass"), hashlib.sha256)

    def sign(self, purpose: Purpose, *, audience: str, subject: str, claims: Claims) -> str:
        """See the port."""
        now = int(self._clock.now())
        payload = {
            **claims,
            "iss": self._issuer,
            "aud": audience,
            "sub": subject,
            "jti": secrets.token_urlsafe(16),
            "iat": now,
            "nbf": now,
            "exp": now + LIFETIME_SECONDS[purpose],
        }
        headers = {"typ": purpose.value}
        return jwt.encode(payload, self._keys[purpose], _ALGORITHM, headers=headers)

    def verify(self, purpose: Purpose, token: str, *, audience: str) -> Claims:
        """See the port."""
        if len(token) > _LONGEST:
            raise SignatureRefused("the token is too long")
        try:
            decoded = jwt.decode_complete(
                token,
                self._keys[purpose],
                algorithms=[_ALGORITHM],
                audience=audience,
                issuer=self._issuer,
                options={
                    "require": _REQUIRED,
                    "strict_aud": True,
                    # Against the injected clock, below.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                },
            )
        except jwt.InvalidTokenError as error:
            raise SignatureRefused(f"the token is not ours: {error}") from error
        claims: Claims = decoded["payload"]
        if decoded["header"].get("typ") != purpose.value:
            raise SignatureRefused("the token was made for another purpose")
        self._check_times(purpose, claims)
        return claims

    def _check_times(self, purpose: Purpose, claims: Claims) -> None:
        issued, starts, ends = claims["iat"], claims["nbf"], claims["exp"]
        now = self._clock.now()
        if not (type(issued) is int and type(starts) is int and type(ends) is int):
            raise SignatureRefused("a time of the token is no whole number")
        if ends - issued > LIFETIME_SECONDS[purpose]:
            raise SignatureRefused("the token claims to live too long")
        if not (max(issued, starts) - _LEEWAY_SECONDS <= now < ends):
            raise SignatureRefused("the token has expired or is not valid yet")


def _derive(pepper: bytes, purpose: Purpose) -> bytes:
    derivation = HKDF(hashes.SHA256(), length=32, salt=None, info=purpose.value.encode())
    return derivation.derive(pepper)
