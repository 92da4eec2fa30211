"""What a request may hold, and what is said of one that may not be."""

import json
import time
from typing import Any

import pytest

from tests.api.world import DEVFILE, World

PATH = "/api/v1/tokens"
GOOD = {"name": "ci"}

UNREADABLE = {
    "no JSON": b"{",
    "not UTF-8": b'{"name": "\xff"}',
    "a duplicate key": b'{"name": "a", "name": "b"}',
    "a duplicate key below": b'{"name": {"a": 1, "a": 2}}',
    "NaN": b'{"name": NaN}',
    "beyond 2^53": b'{"name": 9007199254740993}',
    "beyond any float": b'{"name": 1e999}',
    "a number of 5,000 digits": b'{"name": ' + b"9" * 5000 + b"}",
    "21 levels": b'{"name": ' + b"[" * 20 + b"]" * 20 + b"}",
    "100,000 levels": b'{"name": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    "half a surrogate pair": b'{"name": "\\ud800"}',
    "half a pair as a key": b'{"\\udfff": 1}',
    "1,001 keys": json.dumps({f"k{each}": 1 for each in range(1001)}).encode(),
    "two documents": b'{"name": "a"} {"name": "b"}',
    "nothing": b"",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_is_not_plain_json_is_refused(world: World, body: bytes) -> None:
    """JSON that two readers could take differently, or that is a trap, is refused before it is looked at."""
    headers = {"Content-Type": "application/json"}
    answer = world.call("POST", PATH, token=world.token(), body=body, headers=headers)
    assert (answer.status_code, answer.json_body["code"]) == (400, "body-unreadable")


@pytest.mark.parametrize("path", [PATH, "/api/v1/workspaces"])
def test_ten_megabytes_are_refused_quickly(world: World, path: str) -> None:
    """A body of 10 MB is refused in well under a second."""
    body = json.dumps({"name": "a" * 10_000_000}).encode()
    token = world.token()
    world.call("GET", path, token=token)  # its room is loaded
    started = time.thread_time()  # other work on the machine does not count
    answer = world.call("POST", path, token=token, body=body)
    assert (answer.status_code, answer.json_body["code"]) == (413, "body-too-large")
    assert time.thread_time() - started < 1


def test_the_limit_counts_decoded_bytes(world: World) -> None:
    """A body of exactly 256 KiB is read, one byte more is not."""
    room = 256 * 1024 - len(json.dumps({"name": ""}))
    token = world.token()
    answers = [
        world.call("POST", PATH, token=token, body={"name": "a" * (room + more)}) for more in (0, 1)
    ]
    assert [answer.status_code for answer in answers] == [422, 413]


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json-seq",
        "text/plain, application/json",
        "*/*",
    ],
)
def test_only_json_is_taken(world: World, content_type: str) -> None:
    """A body of another type, or of several, is refused as such."""
    headers = {"Content-Type": content_type}
    answer = world.call(
        "POST", PATH, token=world.token(), body=json.dumps(GOOD).encode(), headers=headers
    )
    assert (answer.status_code, answer.json_body["code"]) == (415, "media-type")


@pytest.mark.parametrize(
    "content_type", ["application/json", "application/json; charset=utf-8", "Application/JSON"]
)
def test_json_is_taken_by_its_names(world: World, content_type: str) -> None:
    """JSON in UTF-8 is taken however its type is spelt."""
    answer = world.call(
        "POST", PATH, token=world.token(), body=GOOD, headers={"Content-Type": content_type}
    )
    assert answer.status_code == 201


def test_every_fault_is_named_at_once(world: World) -> None:
    """One answer names each fault of a request with its place, and quotes no value."""
    body = {
        "name": 5,
        "settings": {"zone": "a.b", "max_cpu_millis": "s3cret", "wrong": 1},
        "extra": "s3cret",
    }
    answer = world.call("POST", "/api/v1/agents", token=world.token(), body=body)
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    pointers = {problem["pointer"] for problem in answer.json_body["problems"]}
    assert pointers == {"#/name", "#/settings/max_cpu_millis", "#/settings/wrong", "#/extra"}
    assert b"s3cret" not in answer.body


def test_settings_are_judged_all_at_once(world: World) -> None:
    """Settings of the right types but wrong values are all named, each with its place."""
    settings = {
        "zone": "Not A Zone",
        "image_pull_policy": "Sometimes",
        "max_cpu_millis": 0,
        "cluster_cidrs": ["10.0.0.0/8", "nonsense"],
        "extra_ca": "no PEM",
    }
    answer = world.call(
        "POST", "/api/v1/agents", token=world.token(), body={"name": "a", "settings": settings}
    )
    pointers = [problem["pointer"] for problem in answer.json_body["problems"]]
    assert pointers == [
        "#/settings/zone",
        "#/settings/image_pull_policy",
        "#/settings/max_cpu_millis",
        "#/settings/cluster_cidrs/1",
        "#/settings/extra_ca",
    ]


SERVER_FIELDS = [
    "id",
    "owner_id",
    "organisation_id",
    "generation",
    "actual",
    "version",
    "digest",
    "role",
    "token",
]


@pytest.mark.parametrize("name", SERVER_FIELDS)
def test_fields_of_the_server_cannot_be_sent(world: World, name: str) -> None:
    """What Berth decides does not exist in requests: sending it is refused and makes nothing."""
    token = world.token()
    agent = world.agent()
    bodies: dict[str, dict[str, Any]] = {
        "/api/v1/tokens": GOOD,
        "/api/v1/agents": {"name": "a", "settings": {"zone": "a.b"}},
        "/api/v1/workspaces": {"name": "a", "agent_id": agent.agent.id, "devfile": DEVFILE},
    }
    before = [len(world.call("GET", path, token=token).json_body["items"]) for path in bodies]
    for path, body in bodies.items():
        answer = world.call("POST", path, token=token, body={**body, name: "x"})
        assert (answer.status_code, answer.json_body["problems"][0]["pointer"]) == (
            422,
            f"#/{name}",
        )
    assert [
        len(world.call("GET", path, token=token).json_body["items"]) for path in bodies
    ] == before


def test_a_query_is_checked_whole(world: World) -> None:
    """Unknown, repeated and impossible parameters of a query are refused."""
    token = world.token()
    faults = world.call("GET", "/api/v1/workspaces?limit=101&actual=Dead&x=1", token=token)
    assert {each["pointer"] for each in faults.json_body["problems"]} == {
        "#/query/limit",
        "#/query/actual",
        "#/query/x",
    }
    assert world.call("GET", "/api/v1/workspaces?limit=1&limit=2", token=token).status_code == 400


def test_a_cursor_of_another_list_is_refused(world: World) -> None:
    """A cursor works for the list and the person it was made for, and for nothing else."""
    for _ in range(2):
        world.agent()
    first = world.call("GET", "/api/v1/agents?limit=1", token=world.token()).json_body
    again = f"limit=1&cursor={first['next']}"
    second = world.call("GET", f"/api/v1/agents?{again}", token=world.token()).json_body
    assert second["items"][0]["id"] != first["items"][0]["id"]
    assert second["next"] is None
    assert (
        world.call("GET", f"/api/v1/members?{again}", token=world.token()).json_body["code"]
        == "cursor-refused"
    )
    assert (
        world.call("GET", "/api/v1/agents?cursor=AAAA", token=world.token()).json_body["code"]
        == "cursor-refused"
    )
