"""A write that is in conflict with another waits inside the call: the person notices nothing."""

import pytest

import app
from berth_local.schedule import triggers_of
from chalicelib.ports.store import StoreBusy
from chalicelib.records import states
from chalicelib.records.placement import Placement
from tests.api.world import DEVFILE, World

HOUR = 3600.0


@pytest.mark.parametrize("refused", [0, 1])
def test_a_creation_in_conflict_is_carried_out(world: World, refused: int) -> None:
    """Whichever write of the call is refused once, the answer is 201 and the workspace is there."""
    token, agent = world.token(), world.agent()
    refuse(world, refused)
    body = {"name": "w", "agent_id": agent.agent.id, "devfile": DEVFILE}
    before = world.clock.now()
    made = world.call("POST", "/api/v1/workspaces", token=token, body=body)
    assert made.status_code == 201, made.body
    assert world.clock.now() > before
    listed = world.call("GET", "/api/v1/workspaces", token=token).json_body["items"]
    assert [each["id"] for each in listed] == [made.json_body["id"]]


def test_the_sweep_waits_for_its_turn_too(world: World) -> None:
    """A workspace that has run too long is stopped though its row was being written."""
    agent = world.agent()
    workspace_id = world.workspace(agent)["id"]
    world.clock.advance(37 * HOUR)
    refuse(world, 0)
    next(each for each in triggers_of(app.app, app) if each.name == "sweep").fire()
    place = Placement(world.organisation, agent.agent.id)
    state = states.load(world.database, place, workspace_id)
    assert state is not None
    assert state.desired.value == "Stopped"


def refuse(world: World, number: int) -> None:
    """Refuse one of the next writes, once."""
    world.store.reset()
    world.store.die_at, world.store.dies_of = number, StoreBusy


@pytest.mark.parametrize("surface, sweeps", [("all", True), ("people", True), ("agents", False)])
def test_one_of_two_stages_sweeps(world: World, surface: str, sweeps: bool) -> None:
    """Where two stages share a table, that of people sweeps, and that of agents reads nothing of it."""
    world.change_site(surface=surface)
    world.store.reset()
    next(each for each in triggers_of(app.app, app) if each.name == "sweep").fire()
    assert (world.store.reads > 0) == sweeps
