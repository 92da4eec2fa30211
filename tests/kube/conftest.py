"""A fake API server and clients of it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest
from kubernetes.client import Configuration

from berth_kube.client import Client
from berth_kube.connection import Connection
from berth_kube.kinds import CONFIG_MAP
from berth_kube.machine import Threads
from berth_kube.projections import ConfigMap
from berth_kube.reach import Reach
from berth_kube.reflector import Change, Reflector
from berth_kube.source import Source, Timing
from tests.kube.fake_apiserver import FakeApiServer
from tests.waiting import eventually

FAST = Timing(silence=0.6, watch=(30, 60), first_delay=0.05, cap=0.4, healthy=5.0, short=0.05)
"""The defaults, about twenty times faster."""


@pytest.fixture
def server() -> Iterator[FakeApiServer]:
    """A fake API server."""
    made = FakeApiServer()
    yield made
    made.close()


@pytest.fixture
def connection(server: FakeApiServer) -> Connection:
    """A connection to it."""
    return Connection(Configuration(host=server.address))


class Even(Threads):
    """The machine whose dice always fall on the middle."""

    def chance(self) -> float:
        """See the protocol."""
        return 0.5


class Follower:
    """A reflector in a thread, and what it told."""

    def __init__(self, connection: Connection, timing: Timing, reach: Reach | None) -> None:
        self.changes: list[Change[ConfigMap]] = []
        self.reflector: Reflector[ConfigMap] = Reflector(
            Client(connection, manager="trial"),
            Source(CONFIG_MAP, ConfigMap, namespace="trial"),
            self.changes.append,
            timing=timing,
            reach=reach or Reach(Even(), first=timing.first_delay, cap=timing.cap),
        )
        self._thread = threading.Thread(target=self.reflector.run, daemon=True)
        self._thread.start()

    def data(self) -> dict[str, str]:
        """The values that it knows, by name."""
        known: dict[str, str] = {}
        for change in list(self.changes):
            if change.new is not None:
                known[change.new.metadata.name] = change.new.data.get("value", "")
            elif change.old is not None:
                known.pop(change.old.metadata.name)
        return known

    def interrupt(self) -> None:
        """Cut its watch, the next one when there is none at this moment."""
        eventually(lambda: self.reflector._stream is not None, "a watch to cut")
        if (stream := self.reflector._stream) is not None:
            stream.stop()

    def stop(self) -> None:
        """End it; it must end."""
        self.reflector.stop()
        self._thread.join(5)
        assert not self._thread.is_alive()


@pytest.fixture
def follow(connection: Connection) -> Iterator[Callable[..., Follower]]:
    """Start followers that end with the test."""
    made: list[Follower] = []

    def start(timing: Timing = FAST, reach: Reach | None = None) -> Follower:
        made.append(Follower(connection, timing, reach))
        return made[-1]

    yield start
    for follower in made:
        follower.stop()
