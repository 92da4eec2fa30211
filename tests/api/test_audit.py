"""The audit log over HTTP."""

import json
from typing import Any

import pytest

from chalicelib.domain.access.roles import Role
from tests.api.world import World

LOG = "/api/v1/audit"


def records(world: World, token: str, query: str = "") -> Any:
    """A page of records."""
    answer = world.call("GET", f"{LOG}/records{query}", token=token)
    assert answer.status_code == 200, answer.body
    return answer.json_body


def test_records_of_one_subject(world: World) -> None:
    """The records of one workspace are its own, oldest first, and say who did what."""
    workspace = world.workspace(world.agent())["id"]
    path, token = f"/api/v1/workspaces/{workspace}", world.token()
    world.call("PATCH", path, token=token, body={"desired": "Stopped"})

    found = records(world, token, f"?subject={workspace}")["items"]

    assert [(each["number"], each["actor"], each["action"]) for each in found] == [
        (1, world.owner.id, "workspaces:create"),
        (2, world.owner.id, "workspaces:stop"),
    ]
    assert found[0]["at"] == "2030-03-17T17:46:40.000Z"


def test_pages_of_records_go_on_behind_each_other(world: World) -> None:
    """Each record is on one page, and a cursor of one list is none of another."""
    token = world.token()
    for _ in range(4):
        world.token()
    whole = records(world, token)["items"]
    found, cursor = [], ""
    while True:
        page = records(world, token, f"?limit=2{cursor}")
        found += page["items"]
        if page["next"] is None:
            break
        cursor = f"&cursor={page['next']}"

    assert found == whole
    assert len(found) == 5
    for other in (
        f"{LOG}/checkpoints?",
        f"{LOG}/verification?",
        f"{LOG}/records?subject=ws-0123456789ab&",
    ):
        refused = world.call("GET", other + cursor.strip("&"), token=token)
        assert refused.json_body["code"] == "cursor-refused"


@pytest.mark.parametrize("subject", ["", "ws-1", "RECORD%23ws", "ws-0123456789ab%23"])
def test_what_is_no_id_is_no_subject(world: World, subject: str) -> None:
    """What cannot be an id is refused, before it comes near a key."""
    answer = world.call("GET", f"{LOG}/records?subject={subject}", token=world.token())
    assert answer.status_code == 422, answer.body


def test_the_log_of_another_organisation_is_its_own(world: World) -> None:
    """Nobody reads, checks or compares another organisation's log."""
    mine = records(world, world.token())["items"]
    stranger = world.token(world.member(Role.OWNER, world.new_organisation()))

    assert [each["action"] for each in records(world, stranger)["items"]] == ["tokens:make"]
    checked = world.call("GET", f"{LOG}/verification", token=stranger).json_body
    assert (checked["records"], checked["next"], checked["findings"]) == (1, None, [])
    told = world.call("POST", f"{LOG}/comparison", token=stranger, body={"lines": mine}).json_body
    assert [each["message"] for each in told["findings"]] == [
        f"record 1 of {mine[0]['subject']} is of another organisation"
    ]


JUNK: tuple[object, ...] = (
    {},
    {"kind": "record"},
    {"kind": "checkpoint", "heads": 3},
    {"kind": ["record"]},
)


@pytest.mark.parametrize("line", JUNK, ids=repr)
def test_a_line_that_is_none_is_told_so(world: World, line: object) -> None:
    """A line of another shape is a finding, never a fault."""
    answer = world.call("POST", f"{LOG}/comparison", token=world.token(), body={"lines": [line]})
    assert answer.status_code == 200, answer.body
    (found,) = answer.json_body["findings"]
    assert found["message"].startswith("a line is none: ")


@pytest.mark.parametrize(
    "name, value",
    [
        ("number", True),
        ("number", -1),
        ("number", 10**40),
        ("seal", "\u00e9"),
        ("digest", ""),
        ("subject", "a#b"),
        ("detail", "\ud800"),
        ("heads", [[]]),
    ],
)
def test_a_spoiled_line_is_never_ours(world: World, name: str, value: object) -> None:
    """Whatever stands in a line, it is told to be spoiled, or the whole request is refused."""
    token = world.token()
    line = {**records(world, token)["items"][0], name: value}
    body = json.dumps({"lines": [line]}).encode()
    answer = world.call(
        "POST",
        f"{LOG}/comparison",
        token=token,
        body=body,
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (200, 400, 422), answer.body
    assert answer.status_code != 200 or len(answer.json_body["findings"]) == 1


def test_no_more_lines_than_a_call_can_compare(world: World) -> None:
    """More lines than the limit are refused, not cut off."""
    body: object = {"lines": [{}] * 201}
    answer = world.call("POST", f"{LOG}/comparison", token=world.token(), body=body)
    assert answer.status_code == 422
