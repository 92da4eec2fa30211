"""The transactions of cordons, drains and moves, on every adapter."""

from dataclasses import replace

import pytest

from chalicelib.domain.errors import Clash, Invalid
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.store import Store
from chalicelib.records import quotas
from chalicelib.usecases.agents.change import cordon_agent, uncordon_agent
from chalicelib.usecases.agents.drain import drain_agent
from chalicelib.usecases.workspaces.change import change_workspace
from chalicelib.usecases.workspaces.move import call_move_off, move_workspace
from chalicelib.usecases.workspaces.read import show_workspace
from tests.builders import PaperCluster, add_agent, create, make_world


def test_a_workspace_moves_there_and_back(store: Store) -> None:
    """It is handed over twice, once called off, refused by a cordon and stopped by a drain."""
    world = make_world(chosen=store)
    ports, person, home = world.ports, world.person, world.agent_id
    away = add_agent(ports, world.organisation.id, "ag-000000000002")
    first, second = PaperCluster(world), PaperCluster(replace(world, agent_id=away))
    workspace_id = create(world, "demo")
    first.settle()
    move_workspace(ports, person, workspace_id, away)
    call_move_off(ports, person, workspace_id)
    for target in (away, home):
        move_workspace(ports, person, workspace_id, target)
        for cluster in (first, second, first, second):
            cluster.settle()
    shown = show_workspace(ports, person, workspace_id)
    assert (shown.workspace.agent_id, shown.state.actual) == (home, ActualState.RUNNING)
    assert (second.live, first.tombstones, second.tombstones) == ({}, {}, {})
    counts = quotas.load_all(store, world.organisation.id)
    assert {
        each.id: count.workspaces for each, count in counts.items() if each.scope == "agent"
    } == {
        home: 1,
        away: 0,
    }
    cordon_agent(ports, person, away)
    with pytest.raises(Invalid):
        move_workspace(ports, person, workspace_id, away)
    uncordon_agent(ports, person, away)
    drain_agent(ports, person, home, remaining=lambda: 20.0)
    first.settle()
    with pytest.raises(Clash):
        change_workspace(ports, person, workspace_id, DesiredState.RUNNING)
    assert show_workspace(ports, person, workspace_id).state.actual is ActualState.STOPPED
