"""How much of an agent's nonsense is read."""

import time

import pytest

from tests.api.world import World

HEADERS = {"Content-Type": "application/json"}
JUNK = {
    "deep lists": b",".join([b"[" * 17 + b"]" * 17] * 29_000),
    "empty objects": b"{}," * 349_000 + b"{}",
}


@pytest.mark.parametrize("junk", JUNK.values(), ids=JUNK.keys())
def test_the_largest_junk_is_refused_in_time(world: World, junk: bytes) -> None:
    """A megabyte of the costliest JSON holds up an agent's call for no more than some seconds."""
    token = world.agent().token
    body = b'{"a": [' + junk + b"]}"
    assert len(body) > 1_000_000
    started = time.thread_time()
    answer = world.call("POST", "/agent/v1/reconcile", token=token, body=body, headers=HEADERS)
    assert time.thread_time() - started < 8
    assert answer.status_code == 422


def test_more_than_a_megabyte_is_not_read(world: World) -> None:
    """Reports beyond 1 MiB are refused by their size: the agent then says less at once."""
    body = b'{"a": "' + b"a" * 1024 * 1024 + b'"}'
    token = world.agent().token
    answer = world.call("POST", "/agent/v1/reconcile", token=token, body=body, headers=HEADERS)
    assert (answer.status_code, answer.json_body["code"]) == (413, "body-too-large")
