"""Two issuers: the real OpenID server, and one of ours that can be told to lie.

The lying one speaks HTTPS and signs with real keys; the contract suite runs on both, so that what it
says when it is honest is what a real one says.
"""

import hashlib
import json
import secrets
import ssl
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Protocol
from urllib.parse import parse_qs, quote_plus, unquote_plus, urlencode, urlsplit

import httpx
import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from berth_local.authority import Certificate

CLIENT_ID = "berth"
CLIENT_SECRET = "s3cret:of/the+client"
REDIRECT = "https://berth.test/sign-in/callback"


class Issuer(Protocol):
    """An issuer and a person's browser at it."""

    url: str

    def authorize(self, location: str, person: str) -> str:
        """Go to the authorization address as the person, and return where the browser is sent back to."""
        ...


@dataclass
class RealIssuer:
    """The npm package `oidc-provider`, with its own sign-in form."""

    url: str
    trust: ssl.SSLContext

    def authorize(self, location: str, person: str) -> str:
        with httpx.Client(verify=self.trust, follow_redirects=True) as browser:
            form = browser.get(location)
            form.raise_for_status()
            filled = {"prompt": "login", "login": person, "password": "any"}
            answer = browser.post(form.url, data=filled, follow_redirects=False)
            while not answer.headers["Location"].startswith(REDIRECT):
                answer = browser.get(
                    form.url.join(answer.headers["Location"]), follow_redirects=False
                )
            return str(answer.headers["Location"])


@dataclass
class LyingIssuer:
    """Honest unless told otherwise: `claims` go over the true ones (None removes one)."""

    certificate: Certificate
    claims: dict[str, Any] = field(default_factory=dict)
    callback: dict[str, str | None] = field(default_factory=dict)
    discovery: dict[str, Any] = field(default_factory=dict)
    algorithm: str = "RS256"
    sign_with: Any = None
    answer: bytes | None = None
    status: int | None = None
    requests: list[str] = field(default_factory=list)
    url: str = field(init=False)

    def __post_init__(self) -> None:
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._codes: dict[str, dict[str, str]] = {}
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                issuer.requests.append(self.path)
                self._say(200, issuer._documents().get(urlsplit(self.path).path, {}))

            def do_POST(self) -> None:
                issuer.requests.append(self.path)
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                self._say(*issuer._token(form, self.headers.get("Authorization", "")))

            def _say(self, status: int, body: Mapping[str, Any]) -> None:
                content = json.dumps(body).encode() if issuer.answer is None else issuer.answer
                self.send_response(issuer.status or status)
                self.send_header("Location", issuer.url + "/elsewhere")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.socket = self.certificate.server_context().wrap_socket(
            self._server.socket, server_side=True
        )
        self.url = f"https://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def authorize(self, location: str, person: str) -> str:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert asked["response_type"] == "code"
        assert asked["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self._codes[code] = {**asked, "person": person}
        said = {"code": code, "state": asked["state"], "iss": self.url, **self.callback}
        return (
            f"{asked['redirect_uri']}?{urlencode({k: v for k, v in said.items() if v is not None})}"
        )

    def _documents(self) -> dict[str, dict[str, Any]]:
        public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "authorization_endpoint": f"{self.url}/authorize",
                "token_endpoint": f"{self.url}/token",
                "jwks_uri": f"{self.url}/keys",
                "authorization_response_iss_parameter_supported": True,
                **self.discovery,
            },
            "/keys": {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]},
        }

    def _token(self, form: str, authorization: str) -> tuple[int, dict[str, Any]]:
        given = {name: values[0] for name, values in parse_qs(form).items()}
        name, _, secret = b64decode(authorization.partition(" ")[2]).decode().partition(":")
        if "client_secret_post" in self.discovery.get("token_endpoint_auth_methods_supported", ()):
            name, secret = (
                quote_plus(given.get(each, "")) for each in ("client_id", "client_secret")
            )
        asked = self._codes.pop(given["code"], None)
        challenge = (
            urlsafe_b64encode(hashlib.sha256(given["code_verifier"].encode()).digest())
            .rstrip(b"=")
            .decode()
        )
        holds = (
            (unquote_plus(name), unquote_plus(secret)) == (CLIENT_ID, CLIENT_SECRET)
            and asked is not None
            and asked["redirect_uri"] == given["redirect_uri"]
            and asked["code_challenge"] == challenge
        )
        if not holds or asked is None:
            return 400, {"error": "invalid_grant"}
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self._id_token(asked)}

    def _id_token(self, asked: dict[str, str]) -> str:
        now = int(time.time())
        person = asked["person"]
        true = {
            "iss": self.url,
            "aud": CLIENT_ID,
            "sub": person,
            "nonce": asked["nonce"],
            "iat": now,
            "exp": now + 300,
            "name": person,
            "email": f"{person}@example.com",
        }
        claims = {
            name: value for name, value in {**true, **self.claims}.items() if value is not None
        }
        key = self._key if self.sign_with is None else self.sign_with
        return jwt.encode(claims, key, self.algorithm, headers={"kid": "k1"})
