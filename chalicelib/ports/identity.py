"""Who a person is, by the word of an OpenID Connect issuer."""

from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Identity:
    """A person is (issuer, subject). Name and e-mail are for display and decide nothing."""

    issuer: str
    subject: str
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class SignInStart:
    """What one authorization request is bound to (RFC 6749, RFC 7636, OpenID Connect Core)."""

    state: str
    nonce: str
    verifier: str = field(repr=False)
    redirect_uri: str = ""


class SignInRefused(Exception):
    """The issuer's answer does not prove who this is; the message says which check failed."""


class IdentityUnavailable(Exception):
    """The issuer could not be reached."""


class IdentityProvider(Protocol):
    """One OpenID Connect issuer."""

    def authorization_url(self, start: SignInStart) -> str:
        """Address to send the browser to (authorization code, PKCE S256)."""
        ...

    def look(self) -> None:
        """See whether the issuer is there, and still the same. Raises IdentityUnavailable."""
        ...

    def identify(self, *, code: str, issuer: str | None, start: SignInStart) -> Identity:
        """Exchange the code and check the ID token: signature, iss, aud, exp, nonce.

        ``issuer`` is the ``iss`` parameter of the callback (RFC 9207), None when absent.
        """
        ...
