"""Small JSON exchanges over HTTPS with one trusted host: bounded in time and size, no redirects."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from http.client import HTTPException
from typing import Any

_TIMEOUT_SECONDS = 5.0
_LONGEST_BODY = 512 * 1024


class HttpsUnavailable(Exception):
    """The host did not answer, or not as agreed."""


@dataclass(frozen=True, slots=True)
class Answer:
    """Status and JSON object of an answer."""

    status: int
    body: Mapping[str, Any]


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow none: an answer that points elsewhere is no answer."""


class JsonOverHttps:
    """Fetches JSON objects. ``context`` says whose certificates are trusted."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._opener = urllib.request.OpenerDirector()
        for handler in (
            urllib.request.ProxyHandler(),
            urllib.request.HTTPSHandler(context=context),
            urllib.request.HTTPDefaultErrorHandler(),
            urllib.request.HTTPErrorProcessor(),
            _NoRedirects(),
        ):
            self._opener.add_handler(handler)

    def exchange(
        self, url: str, *, form: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """GET the address, or POST the form to it. Raises HttpsUnavailable."""
        if not url.startswith("https://"):
            raise HttpsUnavailable(f"{url} is not an https address")
        wanted = {"Accept": "application/json", "User-Agent": "berth", **(headers or {})}
        request = urllib.request.Request(url, data=form, headers=wanted)  # noqa: S310 - https only
        try:
            try:
                answer = self._opener.open(request, timeout=_TIMEOUT_SECONDS)
            except urllib.error.HTTPError as error:
                answer = error
            with answer:
                return Answer(answer.status, _object(answer.read(_LONGEST_BODY + 1), url))
        except (OSError, HTTPException) as error:
            raise HttpsUnavailable(f"{url} did not answer: {error}") from error


def _object(body: bytes, url: str) -> Mapping[str, Any]:
    if len(body) > _LONGEST_BODY:
        raise HttpsUnavailable(f"{url} answered with more than {_LONGEST_BODY} bytes")
    try:
        parsed = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HttpsUnavailable(f"{url} did not answer with JSON") from error
    if not isinstance(parsed, dict):
        raise HttpsUnavailable(f"{url} did not answer with a JSON object")
    return parsed
