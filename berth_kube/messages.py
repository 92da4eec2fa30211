"""What lists and watches send around the objects, in JSON or in protobuf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, Protocol, TypeVar

import msgspec

from berth_kube import protobuf
from berth_kube.errors import error_of

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

JSON = "application/json"


class ListMetadata(msgspec.Struct, rename="camel"):
    """Of a page of a list. ``next_page`` is the continue token, empty on the last."""

    resource_version: str = ""
    next_page: str = msgspec.field(name="continue", default="")


class Page(msgspec.Struct):
    """A page; the items are decoded one by one as their projection."""

    metadata: ListMetadata
    items: list[msgspec.Raw] | None = None


class Mark(msgspec.Struct):
    """All up to ``version`` was sent; ``completes`` on the mark that ends a streamed list."""

    version: int
    completes: bool


class Sighting(msgspec.Struct, Generic[T]):
    """An object as it is now, or as it last was when it is ``gone``."""

    item: T
    gone: bool


class Decoder(Protocol[T_co]):
    """Raises ``msgspec.DecodeError``."""

    def decode(self, data: bytes, /) -> T_co:
        """Decode one object."""
        ...


class Reader(Generic[T]):
    """Reads a watch, message by message. ``split`` returns an event's type and its object."""

    def __init__(
        self,
        split: Callable[[bytes], tuple[str, bytes]],
        items: Decoder[T],
        bookmarks: Decoder[_Bookmark],
    ) -> None:
        self._split = split
        self._items = items
        self._bookmarks = bookmarks

    def read(self, message: bytes) -> Sighting[T] | Mark:
        """Read one event: ADDED, MODIFIED and DELETED are sightings, BOOKMARK is a mark.

        Raises the ``KubernetesError`` of an ERROR, and ``msgspec.DecodeError``.
        """
        event, told = self._split(message)
        if event == "BOOKMARK":
            metadata = self._bookmarks.decode(told).metadata
            completes = metadata.annotations.initial_events_end == "true"
            return Mark(int(metadata.resource_version), completes)
        if event == "ERROR":
            raise error_of(0, bytes(told))
        return Sighting(self._items.decode(told), event == "DELETED")


def readers(type_: type[T], name: str) -> dict[str, Reader[T]]:
    """Return the readers of one kind by content type; the best comes first."""
    found: dict[str, Reader[T]] = {}
    if protobuf.is_known(name):
        items, bookmarks = protobuf.Decoder(type_, name), protobuf.Decoder(_Bookmark, name)
        found[protobuf.CONTENT_TYPE] = Reader(protobuf.split, items, bookmarks)
    found[JSON] = Reader(_split, msgspec.json.Decoder(type_), msgspec.json.Decoder(_Bookmark))
    return found


class _Annotations(msgspec.Struct, frozen=True):
    initial_events_end: str = msgspec.field(name="k8s.io/initial-events-end", default="")


class _Metadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    annotations: _Annotations = _Annotations()


class _Bookmark(msgspec.Struct):
    metadata: _Metadata


class _Event(msgspec.Struct):
    type: str
    object: msgspec.Raw


_EVENTS = msgspec.json.Decoder(_Event)


def _split(line: bytes) -> tuple[str, Any]:
    event = _EVENTS.decode(line)
    return event.type, event.object
