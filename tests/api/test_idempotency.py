"""A POST that is sent twice with one key is carried out once."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from chalicelib.domain.access.roles import Role
from tests.api.world import DEVFILE, World

KEY = {"Idempotency-Key": "5f1c-once"}
POSTS: dict[str, dict[str, Any]] = {
    "/api/v1/tokens": {"name": "ci"},
    "/api/v1/agents": {"name": "a", "settings": {"zone": "a.b"}},
    "/api/v1/agents/{agent}/rotate": {},
    "/api/v1/invitations": {"role": "auditor"},
    "/api/v1/workspaces": {"name": "w", "agent_id": "{agent}", "devfile": DEVFILE},
}


def prepared(world: World, path: str) -> tuple[str, dict[str, Any]]:
    agent = world.agent().agent.id
    body = {
        k: v.replace("{agent}", agent) if isinstance(v, str) else v for k, v in POSTS[path].items()
    }
    return path.replace("{agent}", agent), body


@pytest.mark.parametrize("route", POSTS)
def test_the_same_request_gets_the_same_answer(world: World, route: str) -> None:
    """The second of two equal requests answers with what the first made, its secret too."""
    path, body = prepared(world, route)
    token = world.token()
    first = world.call("POST", path, token=token, body=body, headers=KEY)
    second = world.call("POST", path, token=token, body=body, headers=KEY)
    assert first.status_code == 201, first.body
    assert (second.status_code, second.json_body) == (201, first.json_body)


@pytest.mark.parametrize("route", POSTS)
def test_requests_at_once_make_one_thing(world: World, route: str) -> None:
    """Of several equal requests at the same moment one makes something, and all name it."""
    path, body = prepared(world, route)
    token = world.token()

    def post(_: int) -> Any:
        return world.call("POST", path, token=token, body=body, headers=KEY)

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(post, range(4)))
    assert {answer.status_code for answer in answers} == {201}, [answer.body for answer in answers]
    assert len({answer.body for answer in answers}) == 1


@pytest.mark.parametrize("route", POSTS)
def test_another_request_under_the_key_is_refused(world: World, route: str) -> None:
    """A key that came with another body before is refused, and nothing is made."""
    path, body = prepared(world, route)
    token = world.token()
    assert (
        world.call(
            "POST", "/api/v1/tokens", token=token, body={"name": "x"}, headers=KEY
        ).status_code
        == 201
    )
    answer = world.call("POST", path, token=token, body=body, headers=KEY)
    assert (answer.status_code, answer.json_body["code"]) == (422, "idempotency-key-reused")


def test_keys_belong_to_their_person(world: World) -> None:
    """Two people may use the same key: each gets their own thing."""
    mine = world.call(
        "POST", "/api/v1/tokens", token=world.token(), body={"name": "ci"}, headers=KEY
    )
    other = world.token(world.member(Role.DEVELOPER))
    theirs = world.call("POST", "/api/v1/tokens", token=other, body={"name": "ci"}, headers=KEY)
    assert theirs.status_code == 201
    assert mine.json_body["id"] != theirs.json_body["id"]


def test_a_key_is_forgotten_after_a_day(world: World) -> None:
    """After 24 hours a key is like new."""
    token = world.token()
    first = world.call("POST", "/api/v1/tokens", token=token, body={"name": "ci"}, headers=KEY)
    world.clock.at += 24 * 3600 + 1
    second = world.call("POST", "/api/v1/tokens", token=token, body={"name": "ci"}, headers=KEY)
    assert first.json_body["id"] != second.json_body["id"]


@pytest.mark.parametrize("key", ["", "k" * 129, "k\x7f"])
def test_a_malformed_key_is_refused(world: World, key: str) -> None:
    """A key that is empty, too long or not printable is refused."""
    headers = {"Idempotency-Key": key}
    answer = world.call(
        "POST", "/api/v1/tokens", token=world.token(), body={"name": "ci"}, headers=headers
    )
    assert (answer.status_code, answer.json_body["code"]) == (422, "idempotency-key")
