"""Sign-in at an OpenID Connect issuer: authorization code with PKCE (RFC 6749, 7636, 9207, 9700).

Everything the issuer says is found by discovery, so that GitLab and any other issuer work by
configuration alone. Its tokens never leave this module.
"""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Mapping
from threading import Lock
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import jwt

from chalicelib.adapters.https import HttpsUnavailable, JsonOverHttps
from chalicelib.ports.clock import Clock
from chalicelib.ports.identity import (
    Identity,
    IdentityUnavailable,
    SignInRefused,
    SignInStart,
)

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures an issuer may use: asymmetric ones only, so that no key is mistaken for a secret."""
_SCOPES = "openid profile email"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", "nonce"]
_LEEWAY_SECONDS = 30
_LONGEST_SUBJECT = 255
_KEYS_AGE_SECONDS = 60
_LONGEST_NAME = 200


class OpenIdConnect:
    """One issuer, with this installation registered as its confidential client."""

    def __init__(
        self, *, issuer: str, client_id: str, client_secret: str, https: JsonOverHttps, clock: Clock
    ) -> None:
        self._issuer = issuer
        self._client_id = client_id
        self._client_secret = client_secret
        self._https = https
        self._clock = clock
        self._lock = Lock()
        self._discovered: Mapping[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._keys_at = float("-inf")

    def authorization_url(self, start: SignInStart) -> str:
        """See the port."""
        challenge = urlsafe_b64encode(hashlib.sha256(start.verifier.encode()).digest())
        endpoint = self._endpoint("authorization_endpoint")
        parameters = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": start.redirect_uri,
            "scope": _SCOPES,
            "state": start.state,
            "nonce": start.nonce,
            "code_challenge": challenge.rstrip(b"=").decode(),
            "code_challenge_method": "S256",
        }
        return (
            f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(parameters, quote_via=quote)}"
        )

    def look(self) -> None:
        """See the port."""
        self._described()

    def identify(self, *, code: str, issuer: str | None, start: SignInStart) -> Identity:
        """See the port."""
        promised = self._discovery().get("authorization_response_iss_parameter_supported") is True
        if issuer is None and promised:
            raise SignInRefused("the issuer promises to name itself in its answer and did not")
        if issuer is not None and issuer != self._issuer:
            raise SignInRefused("the answer names another issuer (RFC 9207)")
        claims = self._verified(self._id_token(code, start))
        if claims.get("nonce") != start.nonce:
            raise SignInRefused("the nonce of the ID token is not the one that was sent")
        return self._identity(claims)

    def _id_token(self, code: str, start: SignInStart) -> str:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": start.redirect_uri,
            "code_verifier": start.verifier,
        }
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        methods = self._discovery().get("token_endpoint_auth_methods_supported")
        if isinstance(methods, list) and "client_secret_basic" not in methods:
            form |= {"client_id": self._client_id, "client_secret": self._client_secret}
        else:
            # RFC 6749 2.3.1: both are form-encoded before they are joined.
            pair = f"{quote_plus(self._client_id)}:{quote_plus(self._client_secret)}"
            headers["Authorization"] = "Basic " + b64encode(pair.encode()).decode()
        try:
            answer = self._https.exchange(
                self._endpoint("token_endpoint"), form=urlencode(form).encode(), headers=headers
            )
        except HttpsUnavailable as error:
            raise IdentityUnavailable(str(error)) from error
        token = answer.body.get("id_token")
        if answer.status >= 500:
            raise IdentityUnavailable(f"the issuer's token endpoint answered {answer.status}")
        if answer.status != 200 or not isinstance(token, str):
            raise SignInRefused("the issuer did not take the code")
        return token

    def _verified(self, token: str) -> Mapping[str, Any]:
        try:
            header = jwt.get_unverified_header(token)
            claims: Mapping[str, Any] = jwt.decode(
                token,
                self._key(header.get("kid"), header.get("alg")),
                algorithms=ALGORITHMS,
                audience=self._client_id,
                issuer=self._issuer,
                leeway=_LEEWAY_SECONDS,
                options={"require": _REQUIRED},
            )
        except jwt.PyJWTError as error:
            raise SignInRefused(f"the ID token does not hold: {error}") from error
        audiences, party = claims["aud"], claims.get("azp")
        # OpenID Connect Core 3.1.3.7: with more audiences than us, azp must say that it is for us.
        if audiences not in (self._client_id, [self._client_id]) and party is None:
            raise SignInRefused("the ID token is for several clients and names no party")
        if party is not None and party != self._client_id:
            raise SignInRefused("the ID token was issued to another client")
        return claims

    def _key(self, name: object, algorithm: object) -> jwt.PyJWK:
        if algorithm not in ALGORITHMS:
            raise SignInRefused("the ID token is signed in a way that is not allowed")
        key = self._known_key(name)
        if key is None and self._clock.now() - self._keys_at > _KEYS_AGE_SECONDS:
            self._load_keys()
            key = self._known_key(name)
        if key is None:
            raise SignInRefused("the ID token is signed by a key that the issuer does not publish")
        return key

    def _known_key(self, name: object) -> jwt.PyJWK | None:
        keys = self._keys
        if name is None and len(keys) == 1:
            return next(iter(keys.values()))
        return keys.get(name) if isinstance(name, str) else None

    def _load_keys(self) -> None:
        published = self._fetch(self._endpoint("jwks_uri")).get("keys")
        found: dict[str, jwt.PyJWK] = {}
        for entry in published if isinstance(published, list) else []:
            if not isinstance(entry, dict) or entry.get("use", "sig") != "sig":
                continue
            try:
                key = jwt.PyJWK(entry)
            except jwt.PyJWTError:
                continue  # Of a kind that we do not use.
            if entry.get("kty") != "oct":
                found[key.key_id or ""] = key
        self._keys, self._keys_at = found, self._clock.now()

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        subject = claims["sub"]
        if not isinstance(subject, str) or not 0 < len(subject) <= _LONGEST_SUBJECT:
            raise SignInRefused("the ID token's subject is no text of a sensible length")
        email = _text(claims.get("email"))
        name = _text(claims.get("name")) or _text(claims.get("preferred_username"))
        return Identity(self._issuer, subject, name or email or subject, email)

    def _endpoint(self, name: str) -> str:
        address = self._discovery().get(name)
        if not isinstance(address, str) or not address.startswith("https://"):
            raise IdentityUnavailable(f"the issuer's discovery document has no https {name}")
        return address

    def _discovery(self) -> Mapping[str, Any]:
        with self._lock:
            if not self._discovered:
                self._discovered = self._described()
            return self._discovered

    def _described(self) -> Mapping[str, Any]:
        document = self._fetch(self._issuer.rstrip("/") + "/.well-known/openid-configuration")
        # OpenID Connect Discovery 4.3.
        if document.get("issuer") != self._issuer:
            raise IdentityUnavailable(
                "the discovery document names another issuer than BERTH_OIDC_ISSUER"
            )
        return document

    def _fetch(self, address: str) -> Mapping[str, Any]:
        try:
            answer = self._https.exchange(address)
        except HttpsUnavailable as error:
            raise IdentityUnavailable(str(error)) from error
        if answer.status != 200:
            raise IdentityUnavailable(f"{address} answered {answer.status}")
        return answer.body


def _text(value: object) -> str:
    if not isinstance(value, str):
        return ""
    return "".join(letter for letter in value if letter.isprintable())[:_LONGEST_NAME]
