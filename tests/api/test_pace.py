"""An agent that calls too often is told to wait, and that costs nothing."""

from dataclasses import replace

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.pace import BURST, RATE, TokenBuckets
from tests.api.world import World
from tests.doubles import SteppedClock

RECONCILE = "/agent/v1/reconcile"
MESSAGE = {"update_type": "partial", "epoch": 1, "instance": "pod-1"}
HELLO = {"epoch": 1, "instance": "pod-1", "namespace": "berth"}


@pytest.fixture
def paced(world: World) -> World:
    """An installation that counts calls."""
    bootstrap.use(replace(world.ports, pace=TokenBuckets(world.clock)))
    return world


def exhaust(world: World, token: str) -> None:
    """Call until the next call is refused."""
    for _ in range(int(BURST)):
        assert world.call("POST", RECONCILE, token=token, body=MESSAGE).status_code == 200


@pytest.mark.parametrize(
    "path, body",
    [(RECONCILE, MESSAGE), ("/agent/v1/prerequisites", HELLO)],
    ids=lambda v: str(v)[:20],
)
def test_one_call_too_many_is_told_when_to_come_again(
    paced: World, path: str, body: object
) -> None:
    """The refusal names the pause; after it calls are taken again, at the rate and no faster."""
    token = paced.agent().token
    exhaust(paced, token)
    refused = paced.call("POST", path, token=token, body=body)
    assert (refused.status_code, refused.json_body["code"]) == (429, "too-often")
    assert refused.headers["Retry-After"] == "1"
    paced.clock.advance(1)
    taken = [paced.call("POST", path, token=token, body=body).status_code for _ in range(25)]
    assert taken == [200] * int(RATE) + [429] * (25 - int(RATE))


def test_a_refused_call_reads_and_writes_nothing(paced: World) -> None:
    """A wild program is stopped before the store."""
    token = paced.agent().token
    exhaust(paced, token)
    paced.store.reset()
    assert paced.call("POST", RECONCILE, token=token, body=MESSAGE).status_code == 429
    assert (paced.store.reads, paced.store.writes) == (0, 0)


def test_nobody_uses_up_the_calls_of_another(paced: World) -> None:
    """Another agent, somebody with a wrong token of the same agent, and people are not held up."""
    agent, other = paced.agent(), paced.agent()
    exhaust(paced, agent.token)
    assert paced.call("POST", RECONCILE, token=other.token, body=MESSAGE).status_code == 200
    forged = other.token[:-1] + ("a" if other.token[-1] != "a" else "b")
    for _ in range(int(BURST) + 1):
        last = paced.call("POST", RECONCILE, token=forged, body=MESSAGE)
    assert last.status_code == 429
    assert paced.call("POST", RECONCILE, token=other.token, body=MESSAGE).status_code == 200
    assert paced.call("GET", "/api/v1/agents", token=paced.token()).status_code == 200


def test_an_agent_of_the_usual_pace_is_never_refused() -> None:
    """A call each second, for a day, with a burst of pages each hour, is taken whole."""
    clock = SteppedClock()
    buckets = TokenBuckets(clock)
    for second in range(24 * 3600):
        calls = 100 if second % 3600 == 0 else 1
        assert {buckets.wait(b"agent") for _ in range(calls)} == {0.0}
        clock.advance(1)


def test_memory_is_bounded() -> None:
    """Of more callers than are kept the oldest are forgotten, and begin anew."""
    buckets = TokenBuckets(SteppedClock(), most=2)
    for _ in range(int(BURST)):
        buckets.wait(b"first")
    assert buckets.wait(b"first") == pytest.approx(1 / RATE)
    buckets.wait(b"second")
    buckets.wait(b"third")
    assert buckets.wait(b"first") == 0.0
