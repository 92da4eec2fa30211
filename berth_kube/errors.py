"""What can go wrong with a request, as a small tree: ``final`` says that trying again cannot help.

``error_of`` reads an answer of the API server; the table behind it was seen on a real one (1.36).
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from berth_kube import protobuf


class KubernetesError(Exception):
    """A request did not do what was asked. ``retry_after`` is in seconds."""

    final = False

    def __init__(
        self,
        message: str,
        *,
        status: int = 0,
        reason: str = "",
        fields: tuple[str, ...] = (),
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.reason = reason
        self.fields = fields
        self.retry_after = retry_after


class Unreachable(KubernetesError):
    """No answer: refused, cut, silent for too long. The request may have been carried out."""


class Unavailable(KubernetesError):
    """The API server or a webhook of it is in trouble (5xx)."""


class TooManyRequests(KubernetesError):
    """429: ask again after ``retry_after``."""


class Unauthorized(KubernetesError):
    """401: the token is being rotated, or wrong."""


class Forbidden(KubernetesError):
    """403 by RBAC or admission: a person has to change the rules, unless the API server has just
    started: until it has read them it refuses everything."""


class NamespaceTerminating(KubernetesError):
    """403 because the namespace is being deleted: possible again once it is gone."""


class NotFound(KubernetesError):
    """404 of an object."""


class UnknownKind(KubernetesError):
    """404 of the API group or kind itself."""

    final = True


class Conflict(KubernetesError):
    """409: the object changed since it was read, exists already, or another manager owns a field."""


class Gone(KubernetesError):
    """410: the resource version or continue token is too old. List again."""


class Invalid(KubernetesError):
    """The object is wrong (400, 413, 422, and 500 for a typed patch); ``fields`` names where."""

    final = True


class _Cause(msgspec.Struct):
    reason: str = ""
    message: str = ""
    field: str = ""


class _Details(msgspec.Struct, rename="camel"):
    causes: tuple[_Cause, ...] = ()
    retry_after_seconds: float = 0


class _Told(msgspec.Struct):
    message: str = ""
    reason: str = ""
    code: int = 0
    details: _Details | None = None


class _Status(_Told):
    kind: str = ""


_STATUS = protobuf.Decoder(_Told, "Status")

_BY_STATUS: dict[int, type[KubernetesError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    405: Invalid,
    409: Conflict,
    410: Gone,
    413: Invalid,
    415: Invalid,
    422: Invalid,
    429: TooManyRequests,
}

_TYPED_PATCH = "failed to create typed patch object"


def error_of(status: int, body: bytes, headers: Mapping[str, str] | None = None) -> KubernetesError:
    """Read the error out of an answer (or out of an ERROR event of a watch, with its code)."""
    told, is_status = _told(body)
    status = status or told.code
    details = told.details or _Details()
    causes = {cause.reason for cause in details.causes}
    found: type[KubernetesError] = _BY_STATUS.get(status, Unavailable)
    if status == 403 and "NamespaceTerminating" in causes:
        found = NamespaceTerminating
    elif status == 404 and not is_status:
        found = UnknownKind  # plain text: no such group or resource is served
    elif status == 500 and _TYPED_PATCH in told.message:
        found = Invalid  # server-side apply of an unknown field; it would fail for ever
    return found(
        told.message or f"the API server answered {status}",
        status=status,
        reason=told.reason,
        fields=tuple(cause.field for cause in details.causes if cause.field),
        retry_after=_retry_after(headers or {}, details),
    )


def _told(body: bytes) -> tuple[_Told, bool]:
    """What an answer says, and whether it is a ``Status``: of JSON, of protobuf, or plain text."""
    try:
        if body.startswith(protobuf.MAGIC):
            return _STATUS.decode(body), True
        status = msgspec.json.decode(body, type=_Status)
    except msgspec.DecodeError:
        return _Told(message=body[:200].decode(errors="replace").strip()), False
    return status, status.kind == "Status"


def _retry_after(headers: Mapping[str, str], details: _Details) -> float | None:
    value = headers.get("Retry-After", "")
    if value.isdigit():  # Kubernetes sends seconds, never a date
        return float(value)
    return details.retry_after_seconds or None
