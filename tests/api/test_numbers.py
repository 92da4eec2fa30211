"""What numbers an agent may send: text with digits, truth values and what no store holds are none."""

from typing import Any

import pytest

from tests.api.world import World

BEYOND = 10**40


def report(workspace_id: str, **changes: Any) -> dict[str, Any]:
    """A report of nothing in particular."""
    return {"workspace_id": workspace_id, "resource_version": 1, "namespace": "Active"} | changes


def answer_to(world: World, token: str, **changes: Any) -> Any:
    """What the control plane says to a message."""
    body = {"update_type": "partial", "epoch": 1, "instance": "a"} | changes
    return world.call("POST", "/agent/v1/reconcile", token=token, body=body)


@pytest.mark.parametrize("number", [str(BEYOND), "1", True, -1, 1.5, 2**32])
def test_an_epoch_is_a_whole_number(world: World, number: object) -> None:
    """A message whose epoch is no whole number of 32 bits is refused, and fences nobody."""
    token = world.agent().token
    assert answer_to(world, token, epoch=number).status_code == 422
    assert answer_to(world, token, epoch=0).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"resource_version": str(BEYOND)},
        {"generation": "1"},
        {"tombstone": "-1"},
        {"tombstone": -1},
        {"pods": True},
        {"deployment": {"generation": str(BEYOND)}},
        {"deployment": {"generation": 1, "available": -1}},
        {"troubles": [{"source": "pod", "reason": "Evicted", "exit_code": str(BEYOND)}]},
    ],
)
def test_a_report_holds_numbers(world: World, changes: dict[str, Any]) -> None:
    """A report whose numbers are none is refused, and the next one is stored."""
    agent = world.agent()
    workspace_id = world.workspace(agent)["id"]
    bad = answer_to(world, agent.token, reports=[report(workspace_id, **changes)])
    assert (bad.status_code, bad.json_body["code"]) == (422, "request-invalid")
    good = answer_to(world, agent.token, reports=[report(workspace_id)])
    assert [each["outcome"] for each in good.json_body["receipts"]] == ["stored"]
