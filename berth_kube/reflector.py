"""Keeps a local copy of one kind of object, and tells of each change.

As client-go's reflector: first contact by streaming list, by paged LIST where the server does not
offer it; then a watch with bookmarks that is resumed at the last version seen. A server that falls
silent for longer than its bookmarks come is taken for gone. The copy never goes back in time.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from berth_kube.backoff import Backoff
from berth_kube.cache import Cache, Change, Key, key_of
from berth_kube.client import Client
from berth_kube.errors import Gone, Invalid, KubernetesError, Unreachable
from berth_kube.messages import JSON, Mark, Page, Sighting, readers
from berth_kube.projections import Live
from berth_kube.reach import Reach
from berth_kube.source import Source, Timing
from berth_kube.transport import Stream

__all__ = ["Change", "Key", "Reflector"]

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Live)
PAGE = 500


class _NoStreamingList(Exception):
    """The server cannot stream a list: page it."""


@dataclass(slots=True)
class Figures:
    """What happened, for health and for tests."""

    lists: int = 0
    watches: int = 0
    failures: int = 0


class Reflector(Generic[T]):
    """Run ``run`` in a thread of its own; ``on_change`` is called there, in order."""

    def __init__(
        self,
        client: Client,
        source: Source[T],
        on_change: Callable[[Change[T]], None],
        *,
        timing: Timing | None = None,
        reach: Reach | None = None,
    ) -> None:
        self._client = client
        self._source = source
        self._timing = timing or Timing()
        self._reach = reach or Reach()
        self._machine = machine = self._reach.machine
        self._heard = False
        self._decoder = msgspec.json.Decoder(source.type)
        self._pages = msgspec.json.Decoder(Page)
        self._readers = readers(source.type, source.kind.name)
        self._cache = Cache(on_change, source.accept)
        self._listed = False
        self._streaming = True
        self._stopping = machine.signal()
        self._stream: Stream | None = None
        self.synced = machine.signal()
        self.figures = Figures()

    @property
    def objects(self) -> dict[Key, T]:
        """The copy. Read it from ``on_change``, or when nothing runs."""
        return self._cache.objects

    def stop(self) -> None:
        """Make ``run`` return."""
        self._stopping.set()
        if (stream := self._stream) is not None:
            stream.stop()

    def run(self) -> None:
        """Follow the cluster until ``stop``. Never raises for what the server does."""
        backoff = Backoff(self._timing.first_delay, self._timing.cap)
        while self._may_ask():
            began = self._machine.now()
            delay = 0.0
            try:
                self._round()
                if self._machine.now() - began < self._timing.short:
                    delay = backoff.next(self._machine.chance())
            except (KubernetesError, msgspec.DecodeError, ValueError) as error:
                if self._stopping.is_set():
                    return
                if isinstance(error, Unreachable) and not self._heard:
                    self._unheard(error)
                    continue
                delay = self._after(error, backoff, self._machine.now() - began)
            if delay:
                self.figures.failures += 1
                self._stopping.wait(delay)
            else:
                backoff.reset()

    def _may_ask(self) -> bool:
        """Wait for our turn to ask; False when it is over."""
        self._reach.await_turn(self._stopping)
        self._heard = False
        return not self._stopping.is_set()

    def _hear(self) -> None:
        """The server answers."""
        self._heard = True
        self._reach.answered()

    def _unheard(self, error: Unreachable) -> None:
        self.figures.failures += 1
        self._reach.lost()
        log.warning("cannot watch %s: %s", self._source.kind.plural, error)

    def _after(self, error: Exception, backoff: Backoff, lasted: float) -> float:
        """Note ``error``; how long to wait before the next attempt."""
        if lasted >= self._timing.healthy:
            backoff.reset()
        if isinstance(error, Gone):
            self._listed = False
        elif not isinstance(error, KubernetesError):
            self._readers = {JSON: self._readers[JSON]}  # which can say everything
        self._hear()
        delay = backoff.next(self._machine.chance())
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
                self._follow({})
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
        fresh: dict[Key, T] = {}
        query = {**self._source.query(), "limit": str(PAGE)}
        while True:
            page = self._pages.decode(
                self._client.list_page(self._source.kind, query, self._source.namespace)
            )
            self._hear()
            for item in page.items or ():
                found = self._decoder.decode(item)
                fresh[key_of(found)] = found
            if not page.metadata.next_page:
                self._complete(fresh, int(page.metadata.resource_version))
                return
            query = {**query, "continue": page.metadata.next_page}

    def _follow(self, fresh: dict[Key, T] | None) -> None:
        """One watch; it begins with a streamed list when ``fresh`` is given."""
        self.figures.watches += 1
        low, high = self._timing.watch
        query = {
            **self._source.query(),
            "allowWatchBookmarks": "true",
            "timeoutSeconds": str(int(low + (high - low) * self._machine.chance())),
        }
        if fresh is None:
            query["resourceVersion"] = str(self._cache.version)
        else:
            query |= {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
        try:
            with self._client.watch(
                self._source.kind,
                query,
                namespace=self._source.namespace,
                silence=self._timing.silence,
                accept=self._readers,
            ) as stream:
                self._stream = stream
                self._hear()
                if self._stopping.is_set():
                    return
                reader = self._readers.get(stream.content_type, self._readers[JSON])
                for message in stream:
                    fresh = self._take(reader.read(message), fresh)
        except KubernetesError as error:
            if fresh is not None and _refuses_streaming(error):
                raise _NoStreamingList from error
            raise
        finally:
            self._stream = None
        if fresh is not None:
            raise _NoStreamingList  # it ended without ever saying that the list is complete

    def _take(self, told: Sighting[T] | Mark, fresh: dict[Key, T] | None) -> dict[Key, T] | None:
        """Take in what was told. Returns the list in the making, None once it is made."""
        match told:
            case Mark(version, completes):
                if fresh is None:
                    self._cache.seen(version)
                elif completes:
                    self._complete(fresh, version)
                    return None
            case Sighting(item, gone):
                if fresh is None:
                    self._cache.apply(item, gone=gone)
                elif gone:
                    fresh.pop(key_of(item), None)
                else:
                    fresh[key_of(item)] = item
        return fresh

    def _complete(self, items: dict[Key, T], version: int) -> None:
        self._cache.replace(items, version)
        self._listed = True
        self.synced.set()


def _refuses_streaming(error: KubernetesError) -> bool:
    """True when paging may succeed where a streamed list did not."""
    if isinstance(error, Invalid):
        return True
    if isinstance(error, Unreachable):
        return "timed out" in error.message  # no bookmark ever said that the list is complete
    return "RequestWatchProgress" in error.message  # etcd before 3.4.31 or 3.5.13
