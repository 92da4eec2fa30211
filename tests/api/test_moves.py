"""Moving a workspace, through HTTP."""

import pytest

from tests.api.world import World


@pytest.mark.parametrize("consent", [{}, {"discard_volume": False}, {"discard_volume": "yes"}])
def test_no_volume_is_deleted_without_a_word(world: World, consent: dict[str, object]) -> None:
    """A move that does not say that the volume may be deleted is refused and changes nothing."""
    first, second, token = world.agent(), world.agent(), world.token()
    path = f"/api/v1/workspaces/{world.workspace(first)['id']}"
    body = {"agent_id": second.agent.id, **consent}
    refused = world.call("POST", f"{path}/move", token=token, body=body)
    assert refused.status_code == 422
    assert [each["pointer"] for each in refused.json_body["problems"]] == ["#/discard_volume"]
    assert world.call("GET", path, token=token).json_body["desired"] == "Running"


def test_where_it_goes_is_shown_until_it_is_called_off(world: World) -> None:
    """While it moves the workspace shows where to; called off, it shows nothing of it."""
    first, second, token = world.agent(), world.agent(), world.token()
    path = f"/api/v1/workspaces/{world.workspace(first)['id']}"
    body = {"agent_id": second.agent.id, "discard_volume": True}
    moving = world.call("POST", f"{path}/move", token=token, body=body)
    assert moving.status_code == 202
    shown = world.call("GET", path, token=token).json_body
    assert shown == moving.json_body
    assert (shown["desired"], shown["agent_id"], shown["moving_to"]) == (
        "MoveRequested",
        first.agent.id,
        second.agent.id,
    )
    stays = world.call("DELETE", f"{path}/move", token=token)
    assert (stays.status_code, stays.json_body["moving_to"]) == (200, None)
    assert stays.json_body["desired"] == "Running"


def test_a_move_is_no_plain_wish(world: World) -> None:
    """``MoveRequested`` cannot be wished for by a PATCH: it needs a place and the consent."""
    agent, token = world.agent(), world.token()
    path = f"/api/v1/workspaces/{world.workspace(agent)['id']}"
    answer = world.call("PATCH", path, token=token, body={"desired": "MoveRequested"})
    assert answer.status_code == 422
