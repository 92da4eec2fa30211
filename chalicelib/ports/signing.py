"""What only the holder of the installation's pepper can make: keyed digests and signed claims."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Protocol, TypeAlias

Claims: TypeAlias = Mapping[str, str | int]


class Purpose(StrEnum):
    """What a signed token is for; its ``typ`` and its key follow from it, so that no token does in
    another's place (RFC 8725 3.11)."""

    SIGN_IN = "berth-signin+jwt"
    TICKET = "berth-ticket+jwt"
    GRANT = "berth-grant+jwt"


LIFETIME_SECONDS: dict[Purpose, int] = {
    Purpose.SIGN_IN: 600,
    Purpose.TICKET: 30,
    Purpose.GRANT: 60,
}


class SignatureRefused(Exception):
    """The token is forged, expired, or made for another purpose, audience or installation."""


class Signer(Protocol):
    """Keyed digests and signed tokens of this installation."""

    def digest(self, text: str) -> bytes:
        """Return HMAC-SHA256 of the text: what is stored of a token."""
        ...

    def sign(self, purpose: Purpose, *, audience: str, subject: str, claims: Claims) -> str:
        """Return a JSON Web Token with iss, aud, sub, jti, iat, nbf and exp beside the claims."""
        ...

    def verify(self, purpose: Purpose, token: str, *, audience: str) -> Claims:
        """Return the claims, ``sub``, ``jti`` and ``exp`` among them. Raises SignatureRefused.

        Single use is the caller's: the ``jti`` goes into a row that may be written once.
        """
        ...
