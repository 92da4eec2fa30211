"""One HTTP request as handlers see it, whatever gateway brought it."""

import re
import zlib
from base64 import b64decode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from urllib.parse import urlencode

from chalice.app import Request
from pydantic import BaseModel, ValidationError

from chalicelib.api import strict_json
from chalicelib.domain.errors import Invalid, Problem

_Model = TypeVar("_Model", bound=BaseModel)

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_JSON = re.compile(r'application/json(\s*;\s*charset\s*=\s*"?utf-8"?)?', re.IGNORECASE)
_LONGEST_NAME = 200
_GZIP = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""Of zlib: the largest window, in gzip's format (RFC 1952)."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request. Header names are in lower case; ``path`` is what was asked for, without query."""

    method: str
    path: str
    headers: Mapping[str, str]
    parameters: Mapping[str, list[str]]
    content: bytes | str | None = field(repr=False)
    base64: bool = False

    @classmethod
    def of(cls, request: Request) -> "Incoming":
        """Return what Chalice's request says. Raises Invalid where a header that decides came twice."""
        event = request.to_original_event()
        for name, values in (event.get("multiValueHeaders") or {}).items():
            if name.lower() in ("authorization", "origin", "content-type") and len(values) > 1:
                raise _malformed(f"The header {name} came more than once.", f"#/headers/{name}")
        headers = {name.lower(): value for name, value in dict(event["headers"] or {}).items()}
        cookies = [
            value
            for name, values in (event.get("multiValueHeaders") or {}).items()
            if name.lower() == "cookie"
            for value in values
        ]
        if cookies:
            headers["cookie"] = "; ".join(cookies)
        return cls(
            method=request.method,
            # With a stage in the address, the context's path has it and the event's has not.
            path=str(event.get("path") or request.context.get("path", request.path)),
            headers=headers,
            parameters=event["multiValueQueryStringParameters"] or {},
            content=event["body"],
            base64=bool(event.get("isBase64Encoded")),
        )

    @property
    def address(self) -> str:
        """Path and query."""
        pairs = [(name, value) for name, values in self.parameters.items() for value in values]
        return f"{self.path}?{urlencode(pairs)}" if pairs else self.path

    def cookie(self, name: str) -> str:
        """Return a cookie's value, empty when there is none. Raises Invalid when it came twice."""
        pairs = [pair.strip().partition("=") for pair in self.headers.get("cookie", "").split(";")]
        values = [value for found, _, value in pairs if found == name]
        if len(values) > 1:
            raise _malformed(f"The cookie {name} came more than once.", "#/headers/Cookie")
        return values[0] if values else ""

    def query(self, model: type[_Model]) -> _Model:
        """Return the query string as a model. Raises Invalid with everything that is wrong."""
        twice = [name for name, values in self.parameters.items() if len(values) > 1]
        if twice:
            raise _malformed(
                f"The parameter {twice[0][:_LONGEST_NAME]} came more than once.", "#/query"
            )
        values = {name: given[0] for name, given in self.parameters.items() if given}
        try:
            return model.model_validate_strings(values)
        except ValidationError as error:
            raise _invalid(error, "#/query") from None

    def raw(self, limit: int) -> bytes:
        """Return the body of at most ``limit`` bytes, JSON by its content type. Raises Invalid."""
        content = self.content or b""
        if len(content) > limit * 4 // 3 + 4:
            raise strict_json.too_large(limit)
        raw = self._decoded(content)
        if self.headers.get("content-encoding") == "gzip" and raw.startswith(_GZIP):
            raw = _inflated(raw, limit)
        if len(raw) > limit:
            raise strict_json.too_large(limit)
        return raw

    def body(self, model: type[_Model], limit: int, *, codings: Sequence[str] = ()) -> _Model:
        """Return the body as a model, sent as it is or by one of the content codings. Raises Invalid
        with everything that is wrong."""
        self.require_json(codings)
        raw = self.raw(limit)
        strict_json.parse(raw)
        try:
            return model.model_validate_json(raw)
        except ValidationError as error:
            raise _invalid(error, "#") from None

    def require_json(self, codings: Sequence[str] = ()) -> None:
        """Refuse any content type but JSON's: a form of another site cannot send that one."""
        if _JSON.fullmatch(self.headers.get("content-type", "")) is None:
            message = "Send the header Content-Type: application/json."
            raise Invalid(
                "media-type", message, [Problem("media-type", message, "#/headers/Content-Type")]
            )
        if self.headers.get("content-encoding", "identity") not in ("identity", *codings):
            other = f" or as {', '.join(codings)}" if codings else ", without Content-Encoding"
            message = f"Send the body as it is{other}."
            raise Invalid(
                "media-type",
                message,
                [Problem("media-type", message, "#/headers/Content-Encoding")],
            )

    def _decoded(self, content: bytes | str) -> bytes:
        if self.base64:
            return b64decode(content)
        return content.encode("utf-8", errors="replace") if isinstance(content, str) else content


def _inflated(packed: bytes, limit: int) -> bytes:
    """Return what was compressed, and not a byte more than shows that it is too much. Raises Invalid.

    Gateways may inflate a body and leave its header: then it has no magic number, and is not passed
    here.
    """
    machine = zlib.decompressobj(wbits=_GZIP_WINDOW)
    try:
        content = machine.decompress(packed, limit + 1)
    except zlib.error:
        raise _unpackable() from None
    if len(content) > limit:
        raise strict_json.too_large(limit)
    if not machine.eof or machine.unused_data:
        raise _unpackable()
    return content


def _unpackable() -> Invalid:
    message = "The body is not what gzip made, or not all of it."
    return Invalid("body-unreadable", message, [Problem("body-unreadable", message)])


def _malformed(message: str, pointer: str) -> Invalid:
    return Invalid("request-malformed", message, [Problem("request-malformed", message, pointer)])


def _invalid(error: ValidationError, root: str) -> Invalid:
    """Name every fault and its place, and never the value: it may be a secret."""
    problems = [
        _problem(fault, root)
        for fault in error.errors(include_url=False, include_input=False)[:100]
    ]
    count = len(problems)
    return Invalid("request-invalid", f"{count} fault{'s' * (count > 1)} in the request.", problems)


def _problem(fault: Mapping[str, Any], root: str) -> Problem:
    steps = [
        str(step)[:_LONGEST_NAME].replace("~", "~0").replace("/", "~1") for step in fault["loc"]
    ]
    return Problem(
        str(fault["type"]).replace("_", "-"), f"{fault['msg']}.", "/".join([root, *steps])
    )
