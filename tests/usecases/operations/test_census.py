"""What the sweep counts for those who run an installation."""

from dataclasses import replace

import pytest

from chalicelib.domain.access.roles import Role
from chalicelib.ports.metrics import (
    AGENTS_LATE,
    AGENTS_LOST,
    AGENTS_ONLINE,
    OLDEST_INTENT,
    Figures,
)
from chalicelib.ports.store import Page, StoreBusy, Update
from chalicelib.records import keys
from chalicelib.usecases.agents.change import retire_agent
from chalicelib.usecases.operations.census import take_census
from tests.builders import PaperCluster, World, add_agent, add_member, create
from tests.doubles import WatchedStore


def counted(world: World, remaining: float = 60.0) -> Figures:
    """Count now."""
    return take_census(world.ports, remaining=lambda: remaining)


def heard(world: World, agent_id: str, seconds_ago: float) -> None:
    """Let an agent have been heard so long ago."""
    at = round((world.clock.at - seconds_ago) * 1000)
    key = keys.agent(world.organisation.id, agent_id)
    world.store.write(Update(key, set={"heard": at}))


@pytest.fixture(autouse=True)
def owner(world: World) -> None:
    """Somebody by whom the organisation is found."""
    add_member(world.ports, world.organisation.id, "usr-000000000009", Role.OWNER)


def test_agents_are_counted_by_how_they_are_heard(world: World) -> None:
    """One is heard, one missed its intervals, one is lost; who was never installed, or is retired, is none of these."""
    named = [f"ag-{number:012}" for number in range(10, 14)]
    for agent_id, seconds in zip(named, (0.0, 300.0, 900.0, 5000.0), strict=True):
        add_agent(world.ports, world.organisation.id, agent_id)
        heard(world, agent_id, seconds)
    retire_agent(world.ports, world.person, named[3])

    figures = counted(world)

    assert [figures[each] for each in (AGENTS_ONLINE, AGENTS_LATE, AGENTS_LOST)] == [1, 1, 1]


def test_the_oldest_wish_is_one_that_is_not_confirmed(world: World, cluster: PaperCluster) -> None:
    """A wish ages until its agent confirms it; one of a lost agent is no longer counted."""
    create(world, "demo")
    cluster.poll()
    world.clock.advance(120)
    heard(world, world.agent_id, 0)
    assert counted(world)[OLDEST_INTENT] == 120
    cluster.settle()
    assert counted(world)[OLDEST_INTENT] == 0
    create(world, "another")
    world.clock.advance(900)

    figures = counted(world)

    assert (figures[AGENTS_LOST], figures[OLDEST_INTENT]) == (1, 0)


class Away(WatchedStore):
    """A store that does not answer."""

    def query(self, partition: str, **how: object) -> Page:
        raise StoreBusy("no answer")


def test_half_a_count_is_none(world: World) -> None:
    """Short of time, or without its store, it says nothing rather than too little."""
    assert counted(world, remaining=4.0) == {}
    world.ports = replace(world.ports, store=Away(world.store))
    assert counted(world) == {}


def test_it_costs_a_read_for_each_agent(world: World, cluster: PaperCluster) -> None:
    """However many workspaces there are, it reads the people, the agents, and what each agent has to hear."""
    for number in range(8):
        create(world, f"demo-{number}")
    cluster.poll()
    world.store.reset()

    counted(world)

    assert (world.store.reads, world.store.writes) == (3, 0)
