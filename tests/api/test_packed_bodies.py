"""Compressed bodies of the agents' API: taken up to the limit of what they hold, and not a byte beyond."""

import gzip
import json
import tracemalloc
from base64 import b64encode
from typing import Any

import pytest

from app import app
from tests.api.world import DEVFILE, World

RECONCILE = "/agent/v1/reconcile"
MESSAGE = {"update_type": "partial", "epoch": 1, "instance": "pod-1"}
GZIP = {"Content-Type": "application/json", "Content-Encoding": "gzip"}
LIMIT = 1024 * 1024


def packed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def event_of(path: str, body: bytes, token: str, *, as_base64: bool) -> dict[str, Any]:
    """What API Gateway gives to Lambda: text, or base 64 where the body is none."""
    headers = {"Authorization": f"Bearer {token}", **GZIP}
    return {
        "resource": path,
        "path": path,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None,
        "stageVariables": None,
        "requestContext": {"httpMethod": "POST", "resourcePath": path, "identity": {}},
        "body": b64encode(body).decode() if as_base64 else body.decode(),
        "isBase64Encoded": as_base64,
    }


def test_a_compressed_message_is_taken_as_a_plain_one(world: World) -> None:
    """Through the local gateway the same message gets the same answer, compressed or not."""
    token, body = world.agent().token, json.dumps(MESSAGE).encode()
    plain = world.call("POST", RECONCILE, token=token, body=body)
    taken = world.call("POST", RECONCILE, token=token, body=packed(body), headers=GZIP)
    assert (taken.status_code, taken.json_body) == (200, plain.json_body)


@pytest.mark.parametrize("inflated", [False, True], ids=["as-it-came", "inflated-by-the-gateway"])
def test_lambda_takes_it_however_the_gateway_brings_it(world: World, *, inflated: bool) -> None:
    """In base 64 as it came, or as text that API Gateway inflated under the header that was sent."""
    body = json.dumps(MESSAGE).encode()
    brought = body if inflated else packed(body)
    event = event_of(RECONCILE, brought, world.agent().token, as_base64=not inflated)
    answer = app(event, None)
    assert answer["statusCode"] == 200, answer["body"]
    assert json.loads(answer["body"])["receipts"] == []


def test_a_bomb_is_refused_before_it_goes_off(world: World) -> None:
    """100 MB of nothing in 100 KB are refused with 413, and never held."""
    bomb, token = packed(bytes(100_000_000)), world.agent().token
    assert len(bomb) < LIMIT
    world.call("POST", RECONCILE, token=token, body=packed(b"{}"), headers=GZIP)  # all is loaded
    tracemalloc.start()
    answer = world.call("POST", RECONCILE, token=token, body=bomb, headers=GZIP)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (answer.status_code, answer.json_body["code"]) == (413, "body-too-large")
    assert peak < 8 * LIMIT


def test_the_limit_is_that_of_what_is_inside(world: World) -> None:
    """A message of exactly 1 MiB is read, one byte more is not."""
    token = world.agent().token
    room = LIMIT - len(json.dumps({**MESSAGE, "unknown": ""}))
    answers = [
        world.call(
            "POST",
            RECONCILE,
            token=token,
            body=packed(json.dumps({**MESSAGE, "unknown": "a" * (room + more)}).encode()),
            headers=GZIP,
        )
        for more in (0, 1)
    ]
    assert [answer.status_code for answer in answers] == [200, 413]


WHOLE = packed(json.dumps(MESSAGE).encode())


@pytest.mark.parametrize(
    "body",
    [WHOLE[:-1], WHOLE[:20], WHOLE + b"more", WHOLE + WHOLE, WHOLE[:-8] + bytes(8), WHOLE[:2]],
    ids=["cut", "cut-early", "trailing", "two", "wrong-checksum", "magic-alone"],
)
def test_what_gzip_did_not_make_is_refused(world: World, body: bytes) -> None:
    """Cut short, continued or spoiled bodies are unreadable, and nothing of them is taken."""
    token = world.agent().token
    answer = world.call("POST", RECONCILE, token=token, body=body, headers=GZIP)
    assert (answer.status_code, answer.json_body["code"]) == (400, "body-unreadable")


def test_other_codings_and_people_s_routes_take_none(world: World) -> None:
    """What nobody needs is not read: 415 says what to send instead."""
    agent = world.agent()
    body = json.dumps({"name": "w", "agent_id": agent.agent.id, "devfile": DEVFILE}).encode()
    refused = world.call(
        "POST", "/api/v1/workspaces", token=world.token(), body=packed(body), headers=GZIP
    )
    assert (refused.status_code, refused.json_body["code"]) == (415, "media-type")
    other = {**GZIP, "Content-Encoding": "br"}
    refused = world.call("POST", RECONCILE, token=agent.token, body=WHOLE, headers=other)
    assert (refused.status_code, "gzip" in refused.json_body["detail"]) == (415, True)
