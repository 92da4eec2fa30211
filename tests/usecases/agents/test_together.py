"""Reports of many workspaces are stored by few calls, and each is still taken for itself."""

import pytest

from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.store import Key, Put, StoreBusy, StoreUnanswered
from chalicelib.records import keys, states
from chalicelib.records.placement import Placement
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from tests.builders import PaperCluster, World, create, make_world

COUNT = 40


@pytest.fixture
def many() -> World:
    """Forty workspaces, just created."""
    settings = OrganisationSettings(
        git_hosts=(GitHost("git.example.com"),), workspaces_per_user=COUNT
    )
    world = make_world(settings)
    for number in range(COUNT):
        create(world, f"w{number}")
    return world


@pytest.fixture
def applied(many: World) -> PaperCluster:
    """Their cluster, in which all of them live and of which nothing was told yet."""
    cluster = PaperCluster(many)
    cluster.poll()
    assert len(cluster.live) == COUNT
    return cluster


def actual(world: World) -> dict[str, ActualState]:
    """The actual state of each workspace."""
    place = Placement(world.organisation.id, world.agent_id)
    return {each.workspace_id: each.actual for each in states.load_all(world.store.store, place)}


def everywhere(world: World, state: ActualState) -> dict[str, ActualState]:
    """That state for each of them."""
    return dict.fromkeys(actual(world), state)


def test_many_reports_are_few_writes(many: World, applied: PaperCluster) -> None:
    """Forty reports are told in one message and stored by a tenth as many writes, each with a receipt."""
    many.store.reset()
    answer = applied.poll()
    assert len(answer.receipts) == COUNT
    assert many.store.writes <= COUNT / 10
    assert actual(many) == everywhere(many, ActualState.RUNNING)


def test_one_that_lost_a_race_holds_up_no_other(many: World, applied: PaperCluster) -> None:
    """A wish in between makes one report too old to be stored as it was decided: all are stored."""
    wisher = next(iter(applied.live))
    many.store.meanwhile = lambda: change_workspace(
        many.ports, many.person, wisher, DesiredState.STOPPED
    )
    assert len(applied.poll().receipts) == COUNT
    place = Placement(many.organisation.id, many.agent_id)
    state = states.load(many.store.store, place, wisher)
    assert state is not None
    assert (state.desired, state.acknowledged) == (DesiredState.STOPPED, 1)
    assert actual(many) == everywhere(many, ActualState.RUNNING)


def test_ends_and_restarts_are_stored_among_the_others(many: World, applied: PaperCluster) -> None:
    """What moves counters of agent and quota is stored for itself, in the same answer."""
    applied.settle()
    ends, restarts, *_ = applied.live
    terminate_workspace(many.ports, many.person, ends)
    change_workspace(many.ports, many.person, restarts, DesiredState.RESTART_REQUESTED)
    applied.settle()
    found = actual(many)
    assert found.pop(ends) is ActualState.TERMINATED
    assert set(found.values()) == {ActualState.RUNNING}
    quota = many.store.get(keys.user_quota(many.organisation.id, many.person.id))
    assert quota is not None
    assert quota.attributes["workspaces"] == COUNT - 1


@pytest.mark.parametrize("error", [StoreBusy, StoreUnanswered])
@pytest.mark.parametrize("after", [False, True])
def test_a_store_that_is_silent_or_busy_once_loses_nothing(
    many: World, applied: PaperCluster, error: type[StoreBusy], after: bool
) -> None:
    """Whether or not the first of the writes was carried out, each report is stored and confirmed."""
    many.store.reset()
    many.store.die_at, many.store.after, many.store.dies_of = 0, after, error
    assert len(applied.poll().receipts) == COUNT
    assert actual(many) == everywhere(many, ActualState.RUNNING)


def test_a_row_that_cannot_be_read_delays_no_other(many: World, applied: PaperCluster) -> None:
    """A spoiled state has no receipt; all the others of its transaction have."""
    spoiled = next(iter(applied.live))
    spoil(many, keys.state(many.organisation.id, many.agent_id, spoiled))
    told = {receipt.workspace_id for receipt in applied.poll().receipts}
    assert told == set(applied.live) - {spoiled}


def test_a_workspace_named_twice_is_stored_once(many: World, applied: PaperCluster) -> None:
    """Of two reports of one workspace in a message the newer counts, in whatever order they come."""
    request = applied.request()
    doubled = request.model_copy(update={"reports": (*request.reports, *request.reports[:3])})
    assert len(applied.ask(doubled).receipts) == COUNT + 3
    assert actual(many) == everywhere(many, ActualState.RUNNING)


def test_no_time_left_stores_nothing(many: World, applied: PaperCluster) -> None:
    """What does not fit into the call gets no receipt and comes again."""
    many.store.reset()
    assert applied.ask(applied.request(), remaining=1.0).receipts == ()
    assert actual(many) == everywhere(many, ActualState.CREATION_REQUESTED)


def spoil(world: World, key: Key) -> None:
    """Make a row unreadable."""
    item = world.store.store.get(key)
    assert item is not None
    attributes = {**item.attributes, "actual": "Nonsense"}
    world.store.store.write(Put(type(item)(key, attributes)))
