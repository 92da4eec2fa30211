"""The contract of an issuer, on the real one and on ours; then everything that ours can lie about."""

import ssl
import time
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from chalicelib.ports.identity import Identity, IdentityUnavailable, SignInRefused, SignInStart
from tests.access.conftest import client_of
from tests.access.issuers import CLIENT_ID, REDIRECT, Issuer, LyingIssuer

START = SignInStart(state="state-1", nonce="nonce-1", verifier="v" * 43, redirect_uri=REDIRECT)


def back(issuer: Issuer, trust: ssl.SSLContext, start: SignInStart = START) -> dict[str, str]:
    """Send Robin to the issuer and return what the browser brings back."""
    location = client_of(issuer, trust).authorization_url(start)
    query = urlsplit(issuer.authorize(location, "robin")).query
    return {name: values[0] for name, values in parse_qs(query).items()}


def identify(issuer: Issuer, trust: ssl.SSLContext, start: SignInStart = START) -> Identity:
    """Sign Robin in."""
    came = back(issuer, trust, start)
    return client_of(issuer, trust).identify(code=came["code"], issuer=came.get("iss"), start=start)


def test_a_person_is_issuer_and_subject(issuer: Issuer, trust: ssl.SSLContext) -> None:
    """An honest sign-in yields the person, by issuer and subject, with name and e-mail."""
    assert identify(issuer, trust) == Identity(issuer.url, "robin", "robin", "robin@example.com")


def test_state_comes_back_unchanged(issuer: Issuer, trust: ssl.SSLContext) -> None:
    """The browser brings back the state that it was sent with, and the issuer's name."""
    came = back(issuer, trust)
    assert (came["state"], came["iss"]) == ("state-1", issuer.url)


def test_a_code_is_taken_once(issuer: Issuer, trust: ssl.SSLContext) -> None:
    """The second exchange of a code is refused."""
    came = back(issuer, trust)
    client = client_of(issuer, trust)
    client.identify(code=came["code"], issuer=issuer.url, start=START)
    with pytest.raises(SignInRefused):
        client.identify(code=came["code"], issuer=issuer.url, start=START)


@pytest.mark.parametrize(
    "start",
    [
        SignInStart(state="s", nonce="nonce-1", verifier="w" * 43, redirect_uri=REDIRECT),
        SignInStart(state="s", nonce="nonce-1", verifier="v" * 43, redirect_uri=REDIRECT + "/"),
        SignInStart(state="s", nonce="nonce-2", verifier="v" * 43, redirect_uri=REDIRECT),
    ],
    ids=["verifier", "redirect", "nonce"],
)
def test_a_code_is_bound_to_its_start(
    issuer: Issuer, trust: ssl.SSLContext, start: SignInStart
) -> None:
    """A code that another browser started with another verifier, address or nonce yields nobody."""
    came = back(issuer, trust)
    with pytest.raises(SignInRefused):
        client_of(issuer, trust).identify(code=came["code"], issuer=issuer.url, start=start)


def test_a_wrong_secret_is_refused(issuer: Issuer, trust: ssl.SSLContext) -> None:
    """The issuer takes codes from its registered client alone."""
    came = back(issuer, trust)
    with pytest.raises(SignInRefused):
        client_of(issuer, trust, secret="guess").identify(
            code=came["code"], issuer=issuer.url, start=START
        )


def test_an_untrusted_certificate_is_not_spoken_to(issuer: Issuer) -> None:
    """An issuer whose certificate nobody vouches for is as good as away."""
    with pytest.raises(IdentityUnavailable, match="CERTIFICATE_VERIFY_FAILED"):
        client_of(issuer, ssl.create_default_context()).authorization_url(START)


LIES: dict[str, dict[str, Any]] = {
    "another issuer": {"iss": "https://evil.test"},
    "the beginning of our issuer": {"iss": "https://127.0.0.1"},
    "no issuer": {"iss": None},
    "another audience": {"aud": "another"},
    "no audience": {"aud": None},
    "several audiences and no party": {"aud": [CLIENT_ID, "another"]},
    "another party": {"azp": "another"},
    "another party of several": {"aud": [CLIENT_ID, "another"], "azp": "another"},
    "another nonce": {"nonce": "nonce-2"},
    "no nonce": {"nonce": None},
    "expired": {"exp": int(time.time()) - 60},
    "no expiry": {"exp": None},
    "not valid yet": {"nbf": int(time.time()) + 3600},
    "no subject": {"sub": None},
    "an empty subject": {"sub": ""},
    "a subject of 10,000 letters": {"sub": "s" * 10_000},
}


@pytest.mark.parametrize("claims", LIES.values(), ids=LIES.keys())
def test_claims_that_do_not_hold_are_refused(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext, claims: dict[str, Any]
) -> None:
    """An ID token with any claim missing or wrong yields nobody."""
    lying_issuer.claims = claims
    with pytest.raises(SignInRefused):
        identify(lying_issuer, trust)


def test_a_party_that_is_us_is_taken(lying_issuer: LyingIssuer, trust: ssl.SSLContext) -> None:
    """Several audiences are well when the token says that it was issued to us."""
    lying_issuer.claims = {"aud": [CLIENT_ID, "another"], "azp": CLIENT_ID}
    assert identify(lying_issuer, trust).subject == "robin"


@pytest.mark.parametrize("algorithm, key", [("none", ""), ("HS256", "k" * 64), ("HS512", "k" * 64)])
def test_signatures_of_other_kinds_are_refused(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext, algorithm: str, key: str
) -> None:
    """No signature at all, and one by a shared secret, are refused whatever they say."""
    lying_issuer.algorithm, lying_issuer.sign_with = algorithm, key
    with pytest.raises(SignInRefused, match="not allowed"):
        identify(lying_issuer, trust)


def test_a_signature_of_another_key_is_refused(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext, authority: Any
) -> None:
    """A token under the issuer's key name but by another key is refused."""
    other = LyingIssuer(authority.issue("127.0.0.1"))
    other.close()
    lying_issuer.sign_with = other._key
    with pytest.raises(SignInRefused, match="does not hold"):
        identify(lying_issuer, trust)


@pytest.mark.parametrize("name", ["https://evil.test", None], ids=["another", "none"])
def test_the_answer_names_its_issuer(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext, name: str | None
) -> None:
    """An answer that names another issuer, or none where it is promised, is refused before the code is sent."""
    lying_issuer.callback = {"iss": name}
    with pytest.raises(SignInRefused):
        identify(lying_issuer, trust)
    assert "/token" not in lying_issuer.requests


DISCOVERIES: dict[str, dict[str, Any]] = {
    "another issuer": {"issuer": "https://evil.test"},
    "an address without TLS": {"authorization_endpoint": "http://127.0.0.1/authorize"},
    "no address": {"authorization_endpoint": None},
}


@pytest.mark.parametrize("lie", DISCOVERIES.values(), ids=DISCOVERIES.keys())
def test_discovery_is_checked(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext, lie: dict[str, Any]
) -> None:
    """A discovery document of another issuer, or without addresses over TLS, is of no use."""
    lying_issuer.discovery = lie
    with pytest.raises(IdentityUnavailable):
        client_of(lying_issuer, trust).authorization_url(START)


ANSWERS = {
    "no JSON": b"<html>",
    "no object": b"[]",
    "too much": b'{"a": "' + b"a" * 600_000 + b'"}',
    "deep": b"[" * 100_000,
}


@pytest.mark.parametrize("content", ANSWERS.values(), ids=ANSWERS.keys())
def test_answers_are_bounded(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext, content: bytes
) -> None:
    """An issuer that answers with anything but a small JSON object is as good as away."""
    lying_issuer.answer = content
    with pytest.raises(IdentityUnavailable):
        client_of(lying_issuer, trust).authorization_url(START)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_no_redirect_is_followed(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext, status: int
) -> None:
    """An issuer that points elsewhere is not followed there."""
    lying_issuer.status = status
    with pytest.raises(IdentityUnavailable):
        client_of(lying_issuer, trust).authorization_url(START)
    assert lying_issuer.requests == ["/.well-known/openid-configuration"]


def test_the_client_can_authenticate_in_the_form(
    lying_issuer: LyingIssuer, trust: ssl.SSLContext
) -> None:
    """Where an issuer takes no basic authentication, id and secret go into the form and nowhere else."""
    lying_issuer.discovery = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    assert identify(lying_issuer, trust).subject == "robin"
