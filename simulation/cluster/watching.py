"""Watches: lines as they fall due, and everything that can befall them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

import msgspec

from berth_kube.transport import Response
from simulation.cluster.selectors import Predicate
from simulation.cluster.store import Event, Shelf, Store, Stored

BOOKMARK_EVERY = 60.0
"""Seconds between two bookmarks; one more comes shortly before the end."""
LAST_BOOKMARK = 2.0
END_OF_INITIAL = "k8s.io/initial-events-end"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a watch was asked for. ``seconds``: after which the server ends it."""

    namespace: str | None
    selected: Predicate | None
    bookmarks: bool
    seconds: float


class Watch:
    """``take`` what is due, wait until ``next_at`` or ``on_news``, take again.

    ``refusal`` is set when the server refused it. It is over once ``is_over``; ``is_broken`` then
    says that the connection was cut, in the middle of a line, and not ended.
    """

    def __init__(
        self, store: Store, shelf: Shelf, asked: Asked, now: Callable[[], float], since: int
    ) -> None:
        self._store = store
        self._shelf = shelf
        self._asked = asked
        self._now = now
        self._position = shelf.position(since)
        self._version = since
        self._first: list[bytes] = []
        self._error: bytes = b""
        self._ends = now() + asked.seconds
        self._bookmark = self._next_bookmark()
        self.kind = shelf.kind
        self.caller = ""
        self.refusal: Response | None = None
        self.lag = 0.0
        """Seconds by which changes come later."""
        self.is_silent = False
        """Nothing comes any more, not even an end: a connection that only one side believes in."""
        self.is_over = False
        self.is_broken = False
        self.on_news: Callable[[], None] = _nobody
        """Called when ``take`` may return something, or ``is_over`` has come true."""

    def take(self) -> list[bytes]:
        """Return the whole lines that are due now, without their ends."""
        if self.is_over or self.is_silent:
            return []
        lines, self._first = self._first, []
        if self._error:
            self.is_over = True
            return [*lines, self._error]
        now = self._now()
        self._changes(now - self.lag, lines)
        if self._asked.bookmarks and now >= self._bookmark:
            self._bookmark = self._next_bookmark()
            lines.append(self._mark())
        if now >= self._ends:
            self.is_over = True
        return lines

    def next_at(self) -> float:
        """When something may be due, if nothing changes before; infinite when nothing will."""
        if self.is_over or self.is_silent:
            return float("inf")
        if self._first or self._error:
            return self._now()
        soon = [self._ends]
        if self._asked.bookmarks:
            soon.append(self._bookmark)
        if self._position < len(self._shelf.log):
            soon.append(self._shelf.log[self._position].at + self.lag)
        return min(soon)

    def cut(self) -> None:
        """Break the connection in the middle of a line; what was not taken is lost."""
        self.is_over = self.is_broken = True
        self.on_news()

    def end(self) -> None:
        """End it in order, as a server that shuts down."""
        self.is_over = True
        self.on_news()

    def fail(self, status: Response) -> None:
        """Send an ERROR event with this Status, and end."""
        self._error = _line("ERROR", status.body)
        self.on_news()

    def begin(self, items: Iterable[Stored], *, marked: bool) -> None:
        """Send these first, and say that they are complete if that was asked for."""
        self._first = [_line("ADDED", stored.raw) for stored in items]
        if marked:
            self._first.append(self._mark({END_OF_INITIAL: "true"}))

    def _changes(self, until: float, lines: list[bytes]) -> None:
        log = self._shelf.log
        while self._position < len(log) and log[self._position].at <= until:
            event = log[self._position]
            self._position += 1
            self._version = event.version
            if line := self._told(event):
                lines.append(line)

    def _told(self, event: Event) -> bytes:
        """The line of a change, empty when it does not concern this watch."""
        asked = self._asked
        if asked.namespace is not None and event.key[0] != asked.namespace:
            return b""
        if asked.selected is None:
            return _line(event.type, event.now.raw)
        was = event.before is not None and asked.selected(event.before.object)
        is_now = event.type != "DELETED" and asked.selected(event.now.object)
        if is_now:
            return _line("MODIFIED" if was else "ADDED", event.now.raw)
        if not was:
            return b""
        if event.type == "DELETED":
            return _line("DELETED", event.now.raw)
        assert event.before is not None
        return _line("DELETED", _as_of(event.before, event.version))

    def _next_bookmark(self) -> float:
        now, last = self._now(), self._ends - LAST_BOOKMARK
        return min(now + BOOKMARK_EVERY, last) if now < last else float("inf")

    def _mark(self, annotations: dict[str, str] | None = None) -> bytes:
        behind = self._position < len(self._shelf.log)
        version = self._version if behind else max(self._version, self._store.version)
        metadata: dict[str, object] = {"resourceVersion": str(version), "creationTimestamp": None}
        if annotations:
            metadata["annotations"] = annotations
        body = {
            "kind": self.kind.name,
            "apiVersion": self.kind.api_version,
            "metadata": metadata,
        }
        return _line("BOOKMARK", msgspec.json.encode(body))


def _nobody() -> None:
    """Nobody waits."""


def _line(kind: str, raw: bytes) -> bytes:
    return b'{"type":"%s","object":%s}' % (kind.encode(), raw)


def _as_of(before: Stored, version: int) -> bytes:
    """What left the selection is told as it was, under the version at which it left."""
    metadata = {**before.object["metadata"], "resourceVersion": str(version)}
    return msgspec.json.encode({**before.object, "metadata": metadata})
