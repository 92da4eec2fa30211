"""The agent's requests to the control plane."""

from __future__ import annotations

import gzip
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias, TypeVar

import msgspec
import urllib3
from pydantic import BaseModel, ValidationError

from berth_agent.egress import Egress
from chalicelib.wire import PROTOCOL
from chalicelib.wire.reconcile import (
    PrerequisitesRequest,
    PrerequisitesResponse,
    ReconcileRequest,
    ReconcileResponse,
)

PACKED_FROM = 16 * 1024
"""Bytes of a message from which it is compressed: about 64 reports."""
PACKING = 5
"""Level of compression. Of 500 reports 9 makes half a percent less than 5, in twice the time."""

TIMEOUT = urllib3.Timeout(connect=5.0, read=35.0)
"""API Gateway gives up after 29 seconds."""

UNSUPPORTED = 415

M = TypeVar("M", bound=BaseModel)


class NoAnswer(Exception):
    """A request failed. ``status`` 0: no answer, or one that makes no sense."""

    def __init__(self, message: str, status: int = 0, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, decoded of any content encoding."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Exchange: TypeAlias = Callable[[str, bytes, Mapping[str, str]], Answer]
"""POST a body with headers to an address. Raises ``NoAnswer`` when none comes."""


class Https:
    """The exchange over HTTPS, by one connection that is kept."""

    def __init__(self, ca_file: Path | None) -> None:
        context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
        self._egress = Egress(context)

    def __call__(self, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """See ``Exchange``."""
        try:
            answer = self._egress.to(address).request(
                "POST", address, body=body, headers=headers, timeout=TIMEOUT, redirect=False
            )
        except (urllib3.exceptions.HTTPError, OSError) as broken:
            raise NoAnswer(f"no answer from {address}: {broken}") from broken
        return Answer(answer.status, answer.headers, answer.data)


class ControlPlane:
    """``token`` is called for each request, so that a rotated token is used at once."""

    def __init__(self, address: str, token: Callable[[], str], exchange: Exchange) -> None:
        self._address = address
        self._token = token
        self._exchange = exchange
        self._packs = True
        """Whether the control plane takes compressed messages, as far as we know."""

    def prerequisites(self, request: PrerequisitesRequest) -> PrerequisitesResponse:
        """Raises ``NoAnswer``."""
        return self._post("/agent/v1/prerequisites", request, PrerequisitesResponse)

    def reconcile(self, request: ReconcileRequest) -> ReconcileResponse:
        """Raises ``NoAnswer``."""
        return self._post("/agent/v1/reconcile", request, ReconcileResponse)

    def _post(self, path: str, message: BaseModel, answer_type: type[M]) -> M:
        headers = {
            "Authorization": f"Bearer {self._token()}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
        }
        answer = self._sent(self._address + path, body_of(message), headers)
        if answer.status != 200:
            raise NoAnswer(
                f"{path} answered {answer.status}: {_problem(answer.body)}",
                answer.status,
                _retry_after(answer.headers.get("Retry-After", "")),
            )
        try:
            return answer_type.model_validate_json(answer.body)
        except ValidationError as error:
            # Never the answer itself: it may hold Secrets.
            where = [".".join(map(str, e["loc"])) for e in error.errors(include_input=False)]
            raise NoAnswer(f"{path} answered what we do not understand: {where[:5]}") from None

    def _sent(self, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send a body, compressed where that pays, and as it is to who cannot take that."""
        if self._packs and len(body) >= PACKED_FROM:
            packed = gzip.compress(body, PACKING, mtime=0)
            answer = self._exchange(address, packed, {**headers, "Content-Encoding": "gzip"})
            if answer.status != UNSUPPORTED:
                return answer
            self._packs = False
        return self._exchange(address, body, headers)


def body_of(message: BaseModel) -> bytes:
    """A message without what has its default value: most of a report does."""
    fields = message.model_dump(mode="json", exclude_defaults=True)
    return msgspec.json.encode({**fields, "protocol": PROTOCOL})


class _Fault(msgspec.Struct):
    pointer: str = ""
    message: str = ""


class _Problem(msgspec.Struct):
    code: str = ""
    title: str = ""
    detail: str = ""
    problems: list[_Fault] = []


def _problem(body: bytes) -> str:
    """What an application/problem+json answer says, in one line."""
    try:
        told = msgspec.json.decode(body, type=_Problem)
    except msgspec.DecodeError:
        return "no reason given"
    faults = [f"{each.pointer}: {each.message}" for each in told.problems]
    return " ".join(part for part in (told.code, told.title, told.detail, *faults) if part)[:500]


def _retry_after(value: str) -> float | None:
    return float(value) if value.isdigit() else None
