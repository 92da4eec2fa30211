"""Refusals, worded as a real API server words them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from berth_kube.kinds import Kind
from berth_kube.transport import Response
from simulation.cluster.addresses import group_of, resource_of

JSON = {"Content-Type": "application/json"}


class Refusal(Exception):
    """The request is refused with this answer."""

    def __init__(self, answer: Response) -> None:
        super().__init__(answer.status)
        self.answer = answer

    @property
    def message(self) -> str:
        """What the answer says."""
        return str(msgspec.json.decode(self.answer.body).get("message", ""))


def failure(
    status: int,
    reason: str,
    message: str,
    *,
    details: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a Status object as an answer."""
    body: dict[str, Any] = {
        "kind": "Status",
        "apiVersion": "v1",
        "metadata": {},
        "status": "Failure",
        "message": message,
        "reason": reason,
        "code": status,
    }
    if details is not None:
        body["details"] = details
    if not reason:
        del body["reason"]
    return Response(status, {**JSON, **(headers or {})}, msgspec.json.encode(body))


def unserved(*, group: bool) -> Response:
    """No such resource; in a ``group`` that is served a Status, else plain text."""
    if group:
        message = "the server could not find the requested resource"
        return failure(404, "NotFound", message, details={})
    return Response(404, {"Content-Type": "text/plain"}, b"404 page not found\n")


def not_found(kind: Kind, name: str) -> Refusal:
    """There is no such object."""
    return Refusal(
        failure(
            404,
            "NotFound",
            f'{resource_of(kind)} "{name}" not found',
            details=_details(kind, name),
        )
    )


def already_exists(kind: Kind, name: str) -> Refusal:
    """There is one of that name."""
    return Refusal(
        failure(
            409,
            "AlreadyExists",
            f'{resource_of(kind)} "{name}" already exists',
            details=_details(kind, name),
        )
    )


def conflict(kind: Kind, name: str, why: str = "") -> Refusal:
    """It changed since it was read, or is not the one that was meant."""
    why = why or (
        "the object has been modified; please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {resource_of(kind)} "{name}": {why}'
    return Refusal(failure(409, "Conflict", message, details=_details(kind, name)))


def other_identity(kind: Kind, name: str, stated: str, found: str) -> Refusal:
    """A replacement of an object of that name, but of another uid."""
    why = (
        f"StorageError: invalid object, Code: 4, Key: /registry/{kind.plural}/{name},"
        " ResourceVersion: 0, AdditionalErrorMsg: Precondition failed: UID in precondition:"
        f" {stated}, UID in object meta: {found}"
    )
    return conflict(kind, name, why)


def unmet(kind: Kind, name: str, what: str, stated: str, found: str) -> Refusal:
    """A precondition of a deletion does not hold. Unlike others this message names the kind."""
    ends = "deleted and then recreated" if what == "UID" else "modified"
    message = (
        f'Operation cannot be fulfilled on {kind.name} "{name}": the {what} in the precondition'
        f" ({stated}) does not match the {what} in record ({found}). The object might have been"
        f" {ends}"
    )
    details = {**_details(kind, name), "kind": kind.name}
    return Refusal(failure(409, "Conflict", message, details=details))


def versioned_creation() -> Refusal:
    """A creation that states a version: 500, and without a reason."""
    message = "resourceVersion should not be set on objects to be created"
    return Refusal(failure(500, "", message))


def forbidden(kind: Kind, name: str, why: str, causes: tuple[dict[str, str], ...] = ()) -> Refusal:
    """Refused by rights, or by admission."""
    what = f'{resource_of(kind)} "{name}"' if name else resource_of(kind)
    details = _details(kind, name)
    if causes:
        details["causes"] = list(causes)
    return Refusal(failure(403, "Forbidden", f"{what} is forbidden: {why}", details=details))


def terminating(kind: Kind, name: str, namespace: str) -> Refusal:
    """Nothing new in a namespace that is being deleted."""
    cause = {
        "reason": "NamespaceTerminating",
        "message": f"namespace {namespace} is being terminated",
        "field": "metadata.namespace",
    }
    why = f"unable to create new content in namespace {namespace} because it is being terminated"
    return forbidden(kind, name, why, (cause,))


def immutable(kind: Kind, name: str, field: str, value: object) -> Refusal:
    """A field that may not change."""
    stated = msgspec.json.encode(value).decode()
    return invalid(kind, name, field, f"Invalid value: {stated}: field is immutable")


def invalid(kind: Kind, name: str, field: str, message: str) -> Refusal:
    """A field that may not be so."""
    cause = {"reason": "FieldValueInvalid", "message": message, "field": field}
    details = {**_details(kind, name), "kind": kind.name, "causes": [cause]}
    said = f'{kind.group_kind} "{name}" is invalid: {field}: {message}'
    return Refusal(failure(422, "Invalid", said, details=details))


def invalid_option(option: str, why: str) -> Refusal:
    """A parameter of a list or a watch that may not be so."""
    message = f"Forbidden: {why}"
    cause = {"reason": "FieldValueForbidden", "message": message, "field": option}
    details = {"group": "meta.k8s.io", "kind": "ListOptions", "causes": [cause]}
    said = f'ListOptions.meta.k8s.io "" is invalid: {option}: {message}'
    return Refusal(failure(422, "Invalid", said, details=details))


def bad_request(message: str) -> Refusal:
    """It cannot be understood."""
    return Refusal(failure(400, "BadRequest", message))


def untyped_patch(namespace: str, name: str, kind: Kind, field: str) -> Refusal:
    """Server-side apply of a field that the kind has not: 500, and without a reason."""
    version = kind.api_version if group_of(kind) else f"/{kind.api_version}"
    message = (
        f"failed to create typed patch object ({namespace}/{name}; {version},"
        f" Kind={kind.name}): {field}: field not declared in schema"
    )
    return Refusal(failure(500, "", message))


def expired(message: str) -> Response:
    """The version or the continue token is too old."""
    return failure(410, "Expired", message)


def too_many(seconds: int = 1) -> Response:
    """429."""
    return failure(
        429,
        "TooManyRequests",
        "too many requests, please try again later",
        details={"retryAfterSeconds": seconds},
        headers={"Retry-After": str(seconds)},
    )


def unavailable(message: str = "apiserver is shutting down") -> Response:
    """503."""
    return failure(
        503,
        "ServiceUnavailable",
        message,
        details={"retryAfterSeconds": 1},
        headers={"Retry-After": "1"},
    )


def internal(message: str = "etcdserver: request timed out") -> Response:
    """500."""
    return failure(500, "InternalError", f"Internal error occurred: {message}")


def over_quota(kind: Kind, name: str, quota: str = "berth") -> Response:
    """403 of the quota's admission."""
    why = f"exceeded quota: {quota}, requested: {kind.plural}=1, used: {kind.plural}=5, limited: {kind.plural}=5"
    return forbidden(kind, name, why).answer


def _details(kind: Kind, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {"kind": kind.plural}
    if name:
        details["name"] = name
    if group := group_of(kind):
        details["group"] = group
    return details
