"""Keeps a local copy of one kind of object, and tells of each change.

As client-go's reflector: first contact by streaming list, by paged LIST where the server does not
offer it; then a watch with bookmarks that is resumed at the last version seen. A server that falls
silent for longer than its bookmarks come is taken for gone. The copy never goes back in time.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import msgspec

from berth_kube.backoff import Backoff
from berth_kube.client import Client
from berth_kube.errors import Gone, Invalid, KubernetesError, Unavailable, Unreachable, error_of
from berth_kube.kinds import Kind
from berth_kube.projections import Live
from berth_kube.transport import Stream

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Live)
Key = tuple[str, str]
"""Namespace and name."""

PAGE = 500
STALE_LISTS = 3
"""Lists older than what was seen already are refused so often, then believed: the store of a
cluster that was restored from a backup really went back."""


@dataclass(frozen=True, slots=True)
class Timing:
    """Seconds. The defaults are client-go's, but for the cap, which is 30 there: how soon a person
    sees their workspace again after an outage depends on it."""

    silence: float = 75.0
    """Longest wait for a byte. Bookmarks come about every 60."""
    watch: tuple[float, float] = (300.0, 600.0)
    first_delay: float = 0.8
    cap: float = 10.0
    healthy: float = 120.0
    """A watch that lasted so long ends a row of failures."""
    short: float = 1.0
    """A watch that ended sooner counts as a failure."""


@dataclass(frozen=True, slots=True)
class Source(Generic[T]):
    """What to keep: a kind, as which projection, from where, and which of it."""

    kind: Kind
    type: type[T]
    namespace: str = ""
    label_selector: str = ""
    field_selector: str = ""
    accept: Callable[[T], bool] = lambda _: True

    def query(self) -> dict[str, str]:
        """The selectors as query parameters."""
        selectors = {"labelSelector": self.label_selector, "fieldSelector": self.field_selector}
        return {name: value for name, value in selectors.items() if value}


@dataclass(frozen=True, slots=True)
class Change(Generic[T]):
    """``old`` is None when the object is new, ``new`` when it is gone. ``resource_version`` is
    that of the change, of a deletion too."""

    old: T | None
    new: T | None
    resource_version: int


class _ListMetadata(msgspec.Struct, rename="camel"):
    resource_version: str = ""
    next_page: str = msgspec.field(name="continue", default="")


class _BookmarkAnnotations(msgspec.Struct, frozen=True):
    initial_events_end: str = msgspec.field(name="k8s.io/initial-events-end", default="")


class _BookmarkMetadata(msgspec.Struct, frozen=True, rename="camel"):
    resource_version: str = ""
    annotations: _BookmarkAnnotations = _BookmarkAnnotations()


class _Bookmark(msgspec.Struct):
    metadata: _BookmarkMetadata


class _Page(msgspec.Struct):
    metadata: _ListMetadata
    items: list[msgspec.Raw] | None = None


class _WatchEvent(msgspec.Struct):
    type: str
    object: msgspec.Raw


class _NoStreamingList(Exception):
    """The server cannot stream a list: page it."""


@dataclass(slots=True)
class Figures:
    """What happened, for health and for tests."""

    lists: int = 0
    watches: int = 0
    failures: int = 0


@dataclass(slots=True)
class _Fresh(Generic[T]):
    """A list in the making."""

    objects: dict[Key, T] = field(default_factory=dict)


class Reflector(Generic[T]):
    """Run ``run`` in a thread of its own; ``on_change`` is called there, in order."""

    def __init__(
        self,
        client: Client,
        source: Source[T],
        on_change: Callable[[Change[T]], None],
        *,
        timing: Timing | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._client = client
        self._source = source
        self._on_change = on_change
        self._timing = timing or Timing()
        self._chance = chance
        self._decoder = msgspec.json.Decoder(source.type)
        self._pages = msgspec.json.Decoder(_Page)
        self._lines = msgspec.json.Decoder(_WatchEvent)
        self._objects: dict[Key, T] = {}
        self._version = 0
        self._listed = False
        self._streaming = True
        self._stale_lists = 0
        self._stopping = threading.Event()
        self._stream: Stream | None = None
        self.synced = threading.Event()
        self.figures = Figures()

    @property
    def objects(self) -> dict[Key, T]:
        """The copy. Read it from ``on_change``, or when nothing runs."""
        return self._objects

    def stop(self) -> None:
        """Make ``run`` return."""
        self._stopping.set()
        if (stream := self._stream) is not None:
            stream.stop()

    def run(self) -> None:
        """Follow the cluster until ``stop``. Never raises for what the server does."""
        backoff = Backoff(self._timing.first_delay, self._timing.cap)
        while not self._stopping.is_set():
            began = time.monotonic()
            delay = 0.0
            try:
                self._round()
                if time.monotonic() - began < self._timing.short:
                    delay = backoff.next(self._chance())
            except (KubernetesError, msgspec.DecodeError) as error:
                if self._stopping.is_set():
                    return
                delay = self._after(error, backoff, time.monotonic() - began)
            if delay:
                self.figures.failures += 1
                self._stopping.wait(delay)
            else:
                backoff.reset()

    def _after(self, error: Exception, backoff: Backoff, lasted: float) -> float:
        """Note ``error``; how long to wait before the next attempt."""
        if lasted >= self._timing.healthy:
            backoff.reset()
        if isinstance(error, Gone):
            self._listed = False
        delay = backoff.next(self._chance())
        if isinstance(error, KubernetesError) and error.retry_after:
            delay = max(delay, error.retry_after)
        log.warning(
            "watch of %s broke: %s; again in %.1f s", self._source.kind.plural, error, delay
        )
        return delay

    def _round(self) -> None:
        """List if need be, and follow one watch to its end."""
        if self._listed:
            self._follow(None)
        elif self._streaming:
            try:
                self._follow(_Fresh())
            except _NoStreamingList:
                log.info("no streaming list of %s here: paging", self._source.kind.plural)
                self._streaming = False
                self._list()
                self._follow(None)
        else:
            self._list()
            self._follow(None)

    def _list(self) -> None:
        """Paged LIST from the store itself. 410 on the way raises ``Gone``: from the start again."""
        self.figures.lists += 1
        fresh: _Fresh[T] = _Fresh()
        query = {**self._source.query(), "limit": str(PAGE)}
        while True:
            page = self._pages.decode(
                self._client.list_page(self._source.kind, query, self._source.namespace)
            )
            for item in page.items or ():
                self._keep(fresh, self._decoder.decode(item))
            if not page.metadata.next_page:
                self._replace(fresh, int(page.metadata.resource_version))
                return
            query = {**query, "continue": page.metadata.next_page}

    def _follow(self, fresh: _Fresh[T] | None) -> None:
        """One watch; it begins with a streamed list when ``fresh`` is given."""
        self.figures.watches += 1
        low, high = self._timing.watch
        query = {
            **self._source.query(),
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(int(low + (high - low) * self._chance())),
        }
        if fresh is None:
            query["resourceVersion"] = str(self._version)
        else:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        try:
            with self._client.watch(
                self._source.kind,
                query,
                namespace=self._source.namespace,
                silence=self._timing.silence,
            ) as stream:
                self._stream = stream
                if self._stopping.is_set():
                    return
                for line in stream:
                    fresh = self._take(line, fresh)
        except KubernetesError as error:
            if fresh is not None and _refuses_streaming(error):
                raise _NoStreamingList from error
            raise
        finally:
            self._stream = None
        if fresh is not None:
            raise _NoStreamingList  # it ended without ever saying that the list is complete

    def _take(self, line: bytes, fresh: _Fresh[T] | None) -> _Fresh[T] | None:
        """Take in one event. Returns the list in the making, None once it is made."""
        if not line.strip():
            return fresh
        event = self._lines.decode(line)
        match event.type:
            case "BOOKMARK":
                mark = msgspec.json.decode(event.object, type=_Bookmark).metadata
                version = int(mark.resource_version)
                if fresh is None:
                    self._version = max(self._version, version)
                elif mark.annotations.initial_events_end == "true":
                    self._replace(fresh, version)
                    return None
            case "ERROR":
                raise error_of(0, bytes(event.object))
            case _:
                item = self._decoder.decode(event.object)
                if fresh is None:
                    self._apply(item, gone=event.type == "DELETED")
                elif event.type == "DELETED":
                    fresh.objects.pop(_key(item), None)
                else:
                    self._keep(fresh, item)
        return fresh

    def _keep(self, fresh: _Fresh[T], item: T) -> None:
        if self._source.accept(item):
            fresh.objects[_key(item)] = item

    def _apply(self, item: T, *, gone: bool) -> None:
        """One event of a watch. Versions only grow in it: what does not is a repetition."""
        version = int(item.metadata.resource_version)
        if version <= self._version:
            return
        self._version = version
        if not self._source.accept(item):
            return
        key = _key(item)
        old = self._objects.pop(key, None) if gone else self._objects.get(key)
        if gone:
            if old is not None:
                self._on_change(Change(old, None, version))
            return
        self._objects[key] = item
        self._on_change(Change(old, item, version))

    def _replace(self, fresh: _Fresh[T], version: int) -> None:
        """A complete list: what it lacks is gone."""
        if version < self._version and self._stale_lists < STALE_LISTS:
            self._stale_lists += 1
            raise Unavailable(f"a list of version {version} is older than {self._version}, seen")
        self._stale_lists = 0
        before, self._objects = self._objects, fresh.objects
        self._version = version
        self._listed = True
        for key, old in before.items():
            if key not in fresh.objects:
                self._on_change(Change(old, None, version))
        for key, item in fresh.objects.items():
            known = before.get(key)
            if known is None or known.metadata.resource_version != item.metadata.resource_version:
                self._on_change(Change(known, item, int(item.metadata.resource_version)))
        self.synced.set()


def _key(item: Live) -> Key:
    return item.metadata.namespace, item.metadata.name


def _refuses_streaming(error: KubernetesError) -> bool:
    """True when paging may succeed where a streamed list did not."""
    if isinstance(error, Invalid):
        return True
    if isinstance(error, Unreachable):
        return "timed out" in error.message  # no bookmark ever said that the list is complete
    return "RequestWatchProgress" in error.message  # etcd before 3.4.31 or 3.5.13
