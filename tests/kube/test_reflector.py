"""The reflector, against an API server that does everything wrong in turn."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.kube.conftest import Follower
from tests.kube.fake_apiserver import PATH, FakeApiServer, Faults
from tests.waiting import eventually

Follow = Callable[..., Follower]


def settle(server: FakeApiServer, follower: Follower) -> None:
    """Changes, a deletion and a creation reach the follower."""
    server.put("a", value="2")
    server.put("c", value="1")
    server.remove("b")
    eventually(lambda: follower.data() == {"a": "2", "c": "1"}, f"both; knows {follower.data()}")


def deleted(follower: Follower) -> set[str]:
    """Names that were told as deleted."""
    changes = list(follower.changes)
    return {change.old.metadata.name for change in changes if change.old and not change.new}


@pytest.fixture
def filled(server: FakeApiServer) -> FakeApiServer:
    """A server with two objects."""
    server.put("a", value="1")
    server.put("b", value="1")
    return server


def test_a_streaming_list_needs_no_list(filled: FakeApiServer, follow: Follow) -> None:
    """One request brings what is there and goes on as the watch."""
    follower = follow()
    assert follower.reflector.synced.wait(5)
    assert follower.data() == {"a": "1", "b": "1"}
    settle(filled, follower)
    assert len(filled.state.requests) == 1


def test_a_server_without_protobuf_is_read_in_json(filled: FakeApiServer, follow: Follow) -> None:
    """What was asked for in protobuf may come in JSON; it says the same."""
    filled.faults.no_protobuf = True
    follower = follow()
    assert follower.reflector.synced.wait(5)
    assert follower.data() == {"a": "1", "b": "1"}
    settle(filled, follower)


def test_what_protobuf_cannot_say_is_asked_for_in_json(
    filled: FakeApiServer, follow: Follow
) -> None:
    """A message that cannot be decoded costs one watch: the next one speaks JSON, and all others."""
    filled.faults.garbled = True
    follower = follow()
    assert follower.reflector.synced.wait(5)
    settle(filled, follower)
    assert follower.reflector.figures.failures == 1


def test_without_streaming_list_it_pages(server: FakeApiServer, follow: Follow) -> None:
    """A server that refuses streams is listed page by page, and not asked for a stream again."""
    server.faults.no_streaming_list = True
    for name in "abcde":
        server.put(name, value="1")
    follower = follow()
    assert follower.reflector.synced.wait(5)
    assert follower.data() == dict.fromkeys("abcde", "1")
    assert server.counted(sendInitialEvents="true") == 1
    assert server.counted(limit="500") == 3


def test_paging_that_expires_begins_anew(server: FakeApiServer, follow: Follow) -> None:
    """A 410 in the middle of the pages starts from the first page."""
    server.faults = Faults(no_streaming_list=True, expire_paging=2)
    for name in "abc":
        server.put(name, value="1")
    follower = follow()
    assert follower.reflector.synced.wait(5)
    assert set(follower.data()) == set("abc")


def test_a_server_without_bookmarks_is_followed(filled: FakeApiServer, follow: Follow) -> None:
    """Nothing but the silence limit depends on bookmarks: it reconnects and loses nothing."""
    filled.faults = Faults(no_streaming_list=True, no_bookmarks=True)
    follower = follow()
    assert follower.reflector.synced.wait(5)
    eventually(lambda: follower.reflector.figures.watches >= 3, "reconnection")
    settle(filled, follower)


def test_a_stream_that_never_says_it_is_complete_falls_back(
    filled: FakeApiServer, follow: Follow
) -> None:
    """A server that accepts the stream and then says nothing is paged instead."""
    filled.faults.silent = True
    follower = follow()
    eventually(lambda: filled.counted(limit="500") > 0, "paging")
    filled.faults.silent = False
    settle(filled, follower)


@pytest.mark.parametrize(
    "faults",
    [
        Faults(gone_as_event=2),
        Faults(watch_status=410),
        Faults(watch_status=429, retry_after="1"),
        Faults(watch_status=403),
        Faults(watch_status=503),
        Faults(cut_after=0),
        Faults(silent=True),
    ],
    ids=["410 event", "410 status", "429", "403", "503", "cut line", "half-open"],
)
def test_it_recovers_from(filled: FakeApiServer, follow: Follow, faults: Faults) -> None:
    """After the fault is over it knows all that happened meanwhile, and asked rarely during it."""
    follower = follow()
    assert follower.reflector.synced.wait(5)
    filled.faults = faults
    filled.put("a", value="2")
    follower.interrupt()
    before, began = len(filled.state.requests), time.monotonic()
    eventually(lambda: time.monotonic() - began > 1.5, "one and a half seconds", 3)
    # 0.05, 0.1, 0.2, 0.4, 0.4 ... with half of it in jitter: the scaled form of one a second.
    assert len(filled.state.requests) - before <= 12
    filled.faults = Faults()
    settle(filled, follower)


def test_retry_after_is_waited_out(filled: FakeApiServer, follow: Follow) -> None:
    """A server that asks for two seconds is not asked again before."""
    follower = follow()
    assert follower.reflector.synced.wait(5)
    filled.faults = Faults(watch_status=429, retry_after="2")
    follower.interrupt()
    eventually(lambda: follower.reflector.figures.failures > 0, "the refusal")
    eventually(lambda: filled.counted(watch="1") > 2, "the next attempt", 5)
    times = [when for when, *_ in filled.state.requests]
    assert times[-1] - times[-2] >= 2


def test_what_went_during_an_outage_is_told(filled: FakeApiServer, follow: Follow) -> None:
    """An object that was deleted while nothing could be heard is told as deleted, with a version."""
    follower = follow()
    assert follower.reflector.synced.wait(5)
    filled.faults = Faults(watch_status=410)
    follower.interrupt()
    filled.remove("b")
    filled.forget()
    filled.faults = Faults()
    eventually(lambda: follower.data() == {"a": "1"}, "the deletion")
    assert follower.changes[-1].new is None
    assert follower.changes[-1].resource_version >= 103


def test_repeated_and_old_events_change_nothing(filled: FakeApiServer, follow: Follow) -> None:
    """What was seen already is not told again, and an old state never comes back."""
    follower = follow()
    assert follower.reflector.synced.wait(5)
    filled.faults.repeat = True
    settle(filled, follower)
    versions = [change.resource_version for change in follower.changes]
    assert versions == sorted(set(versions))


def test_it_never_goes_back_in_time(filled: FakeApiServer, follow: Follow) -> None:
    """A list that is older than what was seen is refused."""
    filled.faults.no_streaming_list = True
    follower = follow()
    assert follower.reflector.synced.wait(5)
    filled.faults = Faults(no_streaming_list=True, gone_as_event=1, stale_lists=2)
    filled.put("a", value="2")
    follower.interrupt()
    eventually(lambda: follower.data().get("a") == "2", "the change")
    assert not any(change.new is None for change in follower.changes)


def test_a_restored_store_is_believed_in_the_end(filled: FakeApiServer, follow: Follow) -> None:
    """Where every list is older, as after a restore from a backup, the fourth one is taken."""
    filled.faults.no_streaming_list = True
    follower = follow()
    assert follower.reflector.synced.wait(5)
    filled.faults = Faults(no_streaming_list=True, gone_as_event=1, stale_lists=4)
    follower.interrupt()
    eventually(lambda: len(deleted(follower)) == 2, "belief")
    assert deleted(follower) == {"a", "b"}


def test_a_server_that_is_down_is_asked_rarely(filled: FakeApiServer, follow: Follow) -> None:
    """Refused connections are retried with growing pauses, and nothing is lost."""
    follower = follow()
    assert follower.reflector.synced.wait(5)
    filled.close()
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > 1.5, "one and a half seconds", 3)
    assert 2 <= follower.reflector.figures.failures <= 12
    assert follower.data() == {"a": "1", "b": "1"}


def test_the_path_is_the_namespaces(filled: FakeApiServer, follow: Follow) -> None:
    """Only the namespace that was asked for is read."""
    follower = follow()
    assert follower.reflector.synced.wait(5)
    assert {path for _, _, path, _ in filled.state.requests} == {PATH}
