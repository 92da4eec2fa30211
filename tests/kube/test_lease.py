"""Leader election: never two, whatever the network does."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from kubernetes.client import Configuration

from berth_kube.client import Client
from berth_kube.connection import Connection
from berth_kube.lease import Candidate, Elector, LeaseTiming, LostLease
from tests.kube.fake_apiserver import FakeApiServer
from tests.waiting import eventually

FAST = LeaseTiming(duration=2.4, renew_deadline=1.6, retry=0.2)


LEASES = "/apis/coordination.k8s.io/v1/namespaces/trial/leases"


def elector(server: FakeApiServer, identity: str) -> Elector:
    """Somebody who stands for the Lease."""
    connection = Connection(Configuration(host=server.address))
    client = Client(connection, manager="trial", timeout=FAST.request)
    return Elector(client, Candidate("trial", "leader", identity), timing=FAST)


class Runner:
    """A candidate in a thread; ``led`` and ``lost`` are times on the monotonic clock."""

    def __init__(self, server: FakeApiServer, identity: str) -> None:
        self.elector = elector(server, identity)
        self.led: list[float] = []
        self.epochs: list[int] = []
        self.lost: list[float] = []
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def _run(self) -> None:
        self.elector.run(self._lead, lambda: self.lost.append(time.monotonic()))

    def _lead(self, epoch: int) -> None:
        self.led.append(time.monotonic())
        self.epochs.append(epoch)


@pytest.fixture
def other() -> Iterator[FakeApiServer]:
    """A second way to the same store."""
    made = FakeApiServer()
    yield made
    made.close()


def test_one_leads_and_the_other_waits(server: FakeApiServer) -> None:
    """While the first renews, the second never leads; once it is released the second does at once."""
    first = Runner(server, "first")
    eventually(lambda: bool(first.led), "the first leads")
    second = Runner(server, "second")
    began = time.monotonic()
    eventually(lambda: time.monotonic() - began > 3, "longer than the Lease", 5)
    assert not second.led
    first.elector.stop()
    eventually(lambda: bool(second.led), "the second leads", 2.0)
    assert second.epochs[0] == first.epochs[0] + 1
    assert not first.lost
    second.elector.stop()


def test_a_silent_network_stops_the_leader_before_another_starts(
    server: FakeApiServer, other: FakeApiServer
) -> None:
    """A leader whose requests are never answered stops first; only then does the next begin."""
    other.state = server.state  # the same store over another network
    first = Runner(server, "first")
    eventually(lambda: bool(first.led), "the first leads")
    second = Runner(other, "second")
    server.faults.lease_silence = True
    eventually(lambda: bool(second.led), "the second leads")
    assert first.lost
    assert first.lost[0] < second.led[0]
    with pytest.raises(LostLease):
        first.elector.check()
    second.elector.stop()


def test_a_refused_network_stops_the_leader(server: FakeApiServer) -> None:
    """A server that is gone costs the leadership within the deadline, and that is told."""
    first = Runner(server, "first")
    eventually(lambda: bool(first.led), "the first leads")
    closed = time.monotonic()
    server.close()
    eventually(lambda: bool(first.lost), "the loss", 5)
    assert first.lost[0] - closed <= FAST.renew_deadline + FAST.retry + 1.0
    first.thread.join(2)
    assert not first.thread.is_alive()


@pytest.mark.parametrize("deleted", [False, True])
def test_a_lease_that_went_round_is_not_taken_again(server: FakeApiServer, deleted: bool) -> None:
    """Whoever slept while the Lease was another's, and released or deleted since, leads no more."""
    sleeper = elector(server, "sleeper")
    assert sleeper.attempt()
    epoch = sleeper.epoch
    server.put_lease("leader", LEASES, holderIdentity="", leaseTransitions=epoch + 1)
    if deleted:
        server.remove("leader", LEASES)
    assert not sleeper.attempt()
    assert not sleeper.is_leader()
    assert sleeper.epoch == epoch
    follower = elector(server, "follower")
    assert follower.attempt()
    assert follower.epoch >= epoch


def test_epochs_of_a_new_lease_are_beyond_those_of_the_old(server: FakeApiServer) -> None:
    """A Lease that was deleted does not begin to count from nothing."""
    first = Runner(server, "first")
    eventually(lambda: bool(first.led), "the first leads")
    assert first.epochs[0] > 29_000_000
    first.elector.stop()
    first.thread.join(5)


def test_a_restarted_process_leads_again_at_once(server: FakeApiServer) -> None:
    """A process with the identity of a dead one does not wait, and has a higher epoch.

    The former, should it live against all promises, finds out with its next renewal.
    """
    former = Runner(server, "same")
    eventually(lambda: bool(former.led), "the former leads")
    latter = Runner(server, "same")
    eventually(lambda: bool(latter.led), "the latter leads", FAST.renew_deadline)
    assert latter.epochs[0] == former.epochs[0] + 1
    eventually(lambda: bool(former.lost), "the former stops")
    assert not latter.lost
    latter.elector.stop()
