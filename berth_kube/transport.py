"""What carries a request to the API server: a seam, so that tests can cut it at any request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

TIMEOUT = (5.0, 30.0)
"""Seconds to connect, and seconds without a byte of the answer."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request. ``timeout`` is (connect, read) in seconds."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    timeout: tuple[float, float] = TIMEOUT


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer, decoded of any content encoding."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream(Protocol):
    """The messages of a watch, as they come. Raises ``Unreachable`` when cut or silent."""

    @property
    def content_type(self) -> str:
        """Without parameters: ``application/json`` is sent in lines, protobuf with its lengths."""
        ...

    def __iter__(self) -> Iterator[bytes]:
        """Whole messages, without their end or length."""
        ...

    def stop(self) -> None:
        """End the iteration from another thread."""
        ...


class Transport(Protocol):
    """Thread-safe."""

    def send(self, request: Request) -> Response:
        """Send, and read the whole answer. Raises ``Unreachable``; an error status is an answer."""
        ...

    def stream(self, request: Request) -> AbstractContextManager[Stream]:
        """Send, and read message by message. Raises ``KubernetesError`` on an error status."""
        ...
