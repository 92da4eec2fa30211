"""The control plane's HTTP API, and its refusals as sentences."""

import os
import ssl
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import httpx

from berth_cli.configuration import Configuration, load, required
from berth_cli.failures import Exit, Failure
from berth_cli.terminal import safe

Json: TypeAlias = dict[str, Any]

_TIMEOUT = httpx.Timeout(30, connect=5)
_CODES = {401: Exit.SIGNED_OUT, 404: Exit.MISSING}
_SERVER_FAULT = 500


def _trust(ca_file: str) -> ssl.SSLContext:
    try:
        trust = ssl.create_default_context()
        if ca_file:
            trust.load_verify_locations(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Failure(
            f"the authorities in {ca_file} cannot be read: {error}", Exit.USAGE
        ) from error
    return trust


class Client:
    """Every call returns the answer's JSON, or raises Failure with what the control plane said."""

    def __init__(self, configuration: Configuration) -> None:
        headers = {"Accept": "application/json", "User-Agent": "berth-cli"}
        if configuration.token:
            headers["Authorization"] = f"Bearer {configuration.token}"
        self.url = configuration.url
        self._http = httpx.Client(
            base_url=configuration.url,
            headers=headers,
            timeout=_TIMEOUT,
            verify=_trust(configuration.ca_file),
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def get(self, path: str, **query: str | int | None) -> Json:
        """GET a resource; None leaves a parameter out."""
        return self._call(
            "GET", path, query={name: v for name, v in query.items() if v is not None}
        )

    def items(self, path: str, **query: str | int | None) -> Iterator[Json]:
        """Give every item of a list, page by page."""
        cursor: str | None = None
        while True:
            page = self.get(path, cursor=cursor, **query)
            yield from page["items"]
            cursor = page.get("next")
            if cursor is None:
                return

    def post(self, path: str, body: Json, *, key: str = "") -> Json:
        """POST once, however often it is sent: each call has an idempotency key of its own, but where it
        is to be the same request as another."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._call("POST", path, body=body, headers=headers)

    def patch(self, path: str, body: Json) -> Json:
        """PATCH a resource."""
        return self._call("PATCH", path, body=body)

    def delete(self, path: str) -> Json:
        """DELETE a resource."""
        return self._call("DELETE", path)

    def _call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str | int] | None = None,
        body: Json | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Json:
        request = self._http.build_request(method, path, params=query, json=body, headers=headers)
        try:
            answer = self._send(request)
        except httpx.HTTPError as error:
            raise Failure(_unreachable(self.url, error), Exit.UNREACHABLE) from error
        if answer.is_success:
            return _json(answer) if answer.content else {}
        raise Failure(_refusal(answer), _code(answer.status_code))

    def _send(self, request: httpx.Request) -> httpx.Response:
        """Send, and once more where the connection broke: every call may come twice."""
        try:
            return self._http.send(request)
        except (httpx.RemoteProtocolError, httpx.ReadError):
            return self._http.send(request)


def connect() -> Client:
    """Return the client of the person whom file and environment speak for."""
    return Client(required(load(os.environ)))


def _json(answer: httpx.Response) -> Json:
    try:
        found: Json = answer.json()
    except ValueError as error:
        message = f"{answer.url} answered {answer.status_code} with something that is no JSON: is it a control plane?"
        raise Failure(message, Exit.UNREACHABLE) from error
    return found


def _unreachable(url: str, error: httpx.HTTPError) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return f"the certificate of {url} is not trusted; give its authority with `berth login --ca-file` or BERTH_CA_FILE ({error})"
    return f"{url} does not answer: {str(error) or type(error).__name__}"


def _code(status: int) -> Exit:
    return Exit.UNREACHABLE if status >= _SERVER_FAULT else _CODES.get(status, Exit.REFUSED)


def _refusal(answer: httpx.Response) -> str:
    """Return the problem (RFC 9457) with each of its parts on a line of its own."""
    if "json" not in answer.headers.get("Content-Type", ""):
        return f"{answer.url} answered {answer.status_code} {answer.reason_phrase}"
    problem = _json(answer)
    head = (
        problem.get("detail")
        or problem.get("title")
        or problem.get("message")
        or f"HTTP {answer.status_code}"
    )
    return "\n".join([safe(str(head)), *(_part(part) for part in problem.get("problems") or [])])


def _part(part: Json) -> str:
    line, column = part.get("line"), part.get("column")
    place = f"line {line}, column {column}" if line else part.get("pointer", "")
    return safe(f"  - {place}: {part['message']}" if place else f"  - {part['message']}")
