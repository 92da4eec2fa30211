"""What lists and watches send, around the objects themselves."""

from __future__ import annotations

import msgspec


class ListMetadata(msgspec.Struct, rename="camel"):
    """Of a page of a list. ``next_page`` is the continue token, empty on the last."""

    resource_version: str = ""
    next_page: str = msgspec.field(name="continue", default="")


class BookmarkAnnotations(msgspec.Struct, frozen=True):
    """``true`` on the bookmark that ends a streamed list."""

    initial_events_end: str = msgspec.field(name="k8s.io/initial-events-end", default="")


class BookmarkMetadata(msgspec.Struct, frozen=True, rename="camel"):
    """Up to where all was sent."""

    resource_version: str = ""
    annotations: BookmarkAnnotations = BookmarkAnnotations()


class Bookmark(msgspec.Struct):
    """The object of a BOOKMARK event."""

    metadata: BookmarkMetadata


class Page(msgspec.Struct):
    """A page; the items are decoded one by one as their projection."""

    metadata: ListMetadata
    items: list[msgspec.Raw] | None = None


class WatchEvent(msgspec.Struct):
    """One line of a watch; ``type`` is ADDED, MODIFIED, DELETED, BOOKMARK or ERROR."""

    type: str
    object: msgspec.Raw
