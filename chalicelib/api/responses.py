"""What is answered: headers that every answer has, problems (RFC 9457), pages and redirects."""

import json
import secrets
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from chalice.app import Response

from chalicelib.domain.errors import (
    Clash,
    Forbidden,
    Invalid,
    Missing,
    Problem,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from chalicelib.log import class_of, log, request_id, stack_of

JSON = "application/json"
PROBLEM = "application/problem+json"
HTML = "text/html; charset=utf-8"

NO_CONTENT_POLICY = "default-src 'none'; base-uri 'none'; frame-ancestors 'none'"

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": NO_CONTENT_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
}

_STATUS: dict[type[Refused], int] = {
    Invalid: 422,
    Unauthenticated: 401,
    Forbidden: 403,
    Missing: 404,
    Clash: 409,
    TooMany: 429,
    Unavailable: 503,
}
_STATUS_BY_CODE = {
    "body-unreadable": 400,
    "request-malformed": 400,
    "body-too-large": 413,
    "media-type": 415,
}
_RETRY_SECONDS = {429: "30", 503: "2"}


def answer(
    status: int, body: str, content_type: str, headers: Mapping[str, str | list[str]] | None = None
) -> Response:
    """Return an answer with the security headers. Raises ValueError for a header with control bytes."""
    every: dict[str, Any] = {**_HEADERS, "Content-Type": content_type, **(headers or {})}
    for name, value in every.items():
        for line in value if isinstance(value, list) else [value]:
            if not (line.isprintable() and line.isascii()):
                raise ValueError(f"the header {name} has a control byte or is not ASCII")
    return Response(body, every, status)


def json_answer(status: int, body: str) -> Response:
    """Return JSON that is written already."""
    return answer(status, body, JSON)


def empty_answer(headers: Mapping[str, str | list[str]] | None = None) -> Response:
    """Return that it is done, and nothing to say."""
    return answer(204, "", JSON, headers)


def redirect(location: str, *, status: int = 302, cookies: Sequence[str] = ()) -> Response:
    """Send the browser elsewhere; cookies are whole ``Set-Cookie`` values."""
    headers: dict[str, str | list[str]] = {"Location": location}
    if cookies:
        headers["Set-Cookie"] = list(cookies)
    return answer(status, "", HTML, headers)


def set_cookie(name: str, value: str, *, seconds: int) -> str:
    """Return a host-only cookie, out of reach of scripts, kept from other sites' unsafe requests."""
    return f"{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Lax"


def forget_cookie(name: str) -> str:
    """Return what makes the browser forget the cookie."""
    return set_cookie(name, "", seconds=0)


def status_of(refused: Refused) -> int:
    """Return the HTTP status of a refusal: the one table."""
    by_kind = next(status for kind, status in _STATUS.items() if isinstance(refused, kind))
    return _STATUS_BY_CODE.get(refused.code, by_kind)


def refusal(refused: Refused) -> Response:
    """Return a refusal as a problem."""
    told = problem(status_of(refused), refused.code, refused.message, refused.problems)
    if isinstance(refused, TooMany) and refused.seconds is not None:
        told.headers["Retry-After"] = str(refused.seconds)
    return told


def problem(status: int, code: str, detail: str, problems: Sequence[Problem] = ()) -> Response:
    """Return a problem of RFC 9457; ``code`` is for programs, ``problems`` names every fault.

    ``request_id`` is what the log has it under.
    """
    body: dict[str, Any] = {
        "type": "about:blank",
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "problems": [_shown(each) for each in problems],
    }
    if asked := request_id():
        body["request_id"] = asked
    headers: dict[str, str | list[str]] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="berth"'
    if status in _RETRY_SECONDS:
        headers["Retry-After"] = _RETRY_SECONDS[status]
    return answer(status, json.dumps(body, separators=(",", ":")), PROBLEM, headers)


def fault(error: Exception, route: str) -> Refused:
    """Log a fault of ours, without its words, and return what is told of it."""
    incident = request_id() or secrets.token_hex(8)
    log("fault", incident=incident, route=route, error=class_of(error), stack=stack_of(error))
    return Fault(
        "internal", f"Something is wrong in Berth. Tell its operators the incident {incident}."
    )


class Fault(Refused):
    """Not a refusal but a fault of Berth: 500."""


_STATUS[Fault] = 500


def _shown(each: Problem) -> dict[str, str | int]:
    shown: dict[str, str | int | None] = {
        "code": each.code,
        "message": each.message,
        "pointer": each.pointer or None,
        "line": each.line,
        "column": each.column,
    }
    return {name: value for name, value in shown.items() if value is not None}
