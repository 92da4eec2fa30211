"""Quotas are exact: no race, crash or change of limits lets one more in, and none refuses in vain."""

import pytest

from chalicelib.domain.access.roles import Role
from chalicelib.domain.errors import Forbidden, TooMany
from chalicelib.domain.organisations.quotas import Holder, Scope
from chalicelib.ports.store import StoreUnanswered
from chalicelib.records import audit
from chalicelib.usecases.organisations.quotas import read_quotas, recount_quotas
from chalicelib.usecases.workspaces.change import terminate_workspace
from chalicelib.usecases.workspaces.sweep import sweep
from tests.builders import add_member
from tests.doubles import Killed
from tests.usecases.organisations.crowd import Crowd

DAY = 24 * 3600.0


@pytest.fixture
def crowd() -> Crowd:
    """Two people and two agents: 3 workspaces each, 4 on an agent, 5 in all."""
    return Crowd()


def fill(crowd: Crowd, *places: tuple[int, int]) -> list[str]:
    """Create a workspace for each pair of person and agent."""
    return [crowd.create(person, agent) for person, agent in places]


@pytest.mark.parametrize(
    "scope, places, refused, words",
    [
        ("user", [(0, 0), (0, 0), (0, 1)], (0, 1), ["a person: 3", "workspaces_per_user"]),
        (
            "agent",
            [(0, 0), (0, 0), (1, 0), (1, 0)],
            (1, 0),
            ["an agent: 4", "workspaces_per_agent"],
        ),
        (
            "organisation",
            [(0, 0), (0, 1), (0, 1), (1, 0), (1, 1)],
            (1, 1),
            ["in all: 5", "workspaces_per_organisation"],
        ),
    ],
)
def test_a_refusal_says_which_quota_its_limit_and_who_can_raise_it(
    crowd: Crowd,
    scope: str,
    places: list[tuple[int, int]],
    refused: tuple[int, int],
    words: list[str],
) -> None:
    """The first quota that is used up is named with its limit, its setting, and who may change it."""
    fill(crowd, *places)
    with pytest.raises(TooMany) as told:
        crowd.create(*refused)
    assert told.value.code == f"{scope}-quota"
    for word in [*words, "owner"]:
        assert word in told.value.message
    assert crowd.counters() == crowd.truth()


def test_a_lowered_quota_refuses_the_new_and_leaves_what_is(crowd: Crowd) -> None:
    """Below the present number nothing is made, nothing is touched, and room comes back by ends alone."""
    first, *_ = fill(crowd, (0, 0), (0, 0), (1, 0))
    before = crowd.living()
    crowd.change_limits(organisation=1)
    with pytest.raises(TooMany) as told:
        crowd.create(1, 1)
    assert (told.value.code, crowd.living()) == ("organisation-quota", before)
    terminate_workspace(crowd.world.ports, crowd.people[0], first)
    crowd.clusters[0].settle()
    with pytest.raises(TooMany):
        crowd.create(1, 1)
    crowd.change_limits(organisation=3)
    crowd.create(1, 1)
    assert crowd.counters() == crowd.truth()


@pytest.mark.parametrize("scope", ["user", "agent", "organisation"])
def test_a_quota_of_nothing_allows_nothing(crowd: Crowd, scope: str) -> None:
    """At a limit of 0 the very first is refused."""
    crowd.change_limits(**{scope: 0})
    with pytest.raises(TooMany) as told:
        crowd.create(0, 0)
    assert (told.value.code, crowd.living()) == (f"{scope}-quota", [])


@pytest.mark.parametrize("scope", ["user", "agent", "organisation"])
def test_a_limit_that_falls_while_one_is_made_holds(crowd: Crowd, scope: str) -> None:
    """The limit in force when it is stored decides, not the one that the request had read."""
    fill(crowd, (0, 0))
    crowd.world.store.meanwhile = lambda: crowd.change_limits(**{scope: 1})
    with pytest.raises(TooMany) as told:
        crowd.create(0, 0)
    assert told.value.code == f"{scope}-quota"
    assert crowd.counters() == crowd.truth()


@pytest.mark.parametrize("scope", ["user", "agent", "organisation"])
def test_a_limit_that_rises_while_one_is_made_lets_it_in(crowd: Crowd, scope: str) -> None:
    """Nobody is refused for a limit that no longer holds."""
    fill(crowd, (0, 0))
    crowd.change_limits(**{scope: 1})
    crowd.world.store.meanwhile = lambda: crowd.change_limits(**{scope: 2})
    crowd.create(0, 0)
    assert crowd.counters() == crowd.truth()


def test_another_change_of_settings_refuses_nobody(crowd: Crowd) -> None:
    """A request that meets an unrelated change is carried out under the settings as they are then."""
    crowd.world.store.meanwhile = lambda: crowd.change_limits(user=3)
    crowd.create(0, 0)
    assert crowd.counters() == crowd.truth()


def no_answer(crowd: Crowd, *, after: bool) -> None:
    """Let the next write get no answer, carried out or not."""
    store = crowd.world.store
    store.reset()
    store.die_at, store.after, store.dies_of = 0, after, StoreUnanswered


@pytest.mark.parametrize("after", [False, True])
def test_a_killed_creation_is_counted_if_it_was_made(crowd: Crowd, after: bool) -> None:
    """Whichever side of its one write a creation dies on, the counters say what the rows say."""
    store = crowd.world.store
    store.reset()
    store.die_at, store.after = 0, after
    with pytest.raises(Killed):
        crowd.create(0, 0)
    assert len(crowd.living()) == after
    assert crowd.counters() == crowd.truth()


@pytest.mark.parametrize("limit", [1, 5])
def test_an_answer_of_the_store_that_is_lost_loses_no_workspace(limit: int) -> None:
    """What was stored is found and returned, though it took the last place of a quota itself."""
    crowd = Crowd(per_user=limit)
    no_answer(crowd, after=True)
    made = crowd.create(0, 0)
    assert [each[0] for each in crowd.living()] == [made]
    assert crowd.counters() == crowd.truth()


@pytest.mark.parametrize("offset", [-2, 2])
@pytest.mark.parametrize("scope", Scope)
def test_a_recount_puts_a_wrong_counter_right(crowd: Crowd, scope: Scope, offset: int) -> None:
    """Too high or too low, of whatever scope, it says afterwards what the rows say; and it is told."""
    fill(crowd, (0, 0), (1, 1))
    (holder,) = [each for each in crowd.holders() if each.scope is scope][:1]
    crowd.plant(holder, offset)
    (corrected,) = crowd.recount().corrections
    was = crowd.truth()[holder]
    assert (corrected.holder, corrected.stored, corrected.counted) == (holder, was + offset, was)
    assert crowd.counters() == crowd.truth()
    told = audit.load_last(crowd.world.ports.store, crowd.organisation_id, holder.id)
    assert told is not None
    assert (told.action, told.actor) == ("quotas:correct", crowd.people[0].id)
    assert f"counted {was}, not {was + offset}" in told.detail
    assert crowd.recount().corrections == ()


@pytest.mark.parametrize("offset", [-2, 2])
def test_a_recount_goes_on_among_creations(crowd: Crowd, offset: int) -> None:
    """A workspace that is made between the counting and the writing is counted too."""
    fill(crowd, (0, 0), (1, 1))
    for holder in crowd.holders():
        crowd.plant(holder, offset)
        crowd.world.store.meanwhile = lambda: crowd.change_limits(user=9, agent=9, organisation=99)
        crowd.recount()
        crowd.world.store.meanwhile = lambda: crowd.create(1, 0)
        crowd.plant(holder, offset)
        crowd.recount()
        assert crowd.counters() == crowd.truth()


def test_a_recount_goes_on_among_ends(crowd: Crowd) -> None:
    """A workspace whose end is confirmed between the counting and the writing is counted no more."""
    first, _ = fill(crowd, (0, 0), (1, 1))
    crowd.clusters[0].settle()
    terminate_workspace(crowd.world.ports, crowd.people[0], first)
    crowd.plant(Holder(Scope.USER, crowd.people[0].id), 3)
    crowd.world.store.meanwhile = crowd.clusters[0].settle
    crowd.recount()
    assert crowd.counters() == crowd.truth()
    assert len(crowd.living()) == 1


def test_what_changes_all_the_while_is_left_and_told(crowd: Crowd) -> None:
    """A counter that changes at every attempt is not written blindly: the recount says so."""
    crowd.change_limits(user=99, agent=99, organisation=99)
    crowd.create(0, 0)
    organisation = Holder(Scope.ORGANISATION, crowd.organisation_id)
    crowd.plant(organisation, 5)

    def again() -> None:
        crowd.create(1, 1)
        crowd.world.store.meanwhile = again

    crowd.world.store.meanwhile = again
    done = crowd.recount()
    crowd.world.store.meanwhile = None
    assert (done.corrections, done.unsettled) == ((), (organisation,))
    assert crowd.counters()[organisation] == crowd.truth()[organisation] + 5
    assert [each.holder for each in crowd.recount().corrections] == [organisation]
    assert crowd.counters() == crowd.truth()


def test_two_recounts_at_once_correct_once(crowd: Crowd) -> None:
    """The one that comes second finds nothing wrong any more."""
    fill(crowd, (0, 0), (1, 1))
    crowd.plant(Holder(Scope.AGENT, crowd.clusters[0].world.agent_id), 2)
    quicker = []
    crowd.world.store.meanwhile = lambda: quicker.append(crowd.recount())
    slower = crowd.recount()
    assert [len(quicker[0].corrections), len(slower.corrections)] == [1, 0]
    assert crowd.counters() == crowd.truth()


def test_a_lost_counter_comes_back(crowd: Crowd) -> None:
    """Counters that were never written, as before an upgrade, are counted like wrong ones."""
    fill(crowd, (0, 0), (1, 1))
    for holder in crowd.holders():
        crowd.plant(holder, -crowd.counters()[holder])
    crowd.recount()
    assert crowd.counters() == crowd.truth()


def test_the_sweep_recounts_once_a_day(crowd: Crowd) -> None:
    """What went wrong unseen is right again a day later at the latest, and each day is one recount."""
    crowd.create(0, 0)
    crowd.clusters[0].settle()
    crowd.world.clock.advance(2 * DAY)
    assert sweep(crowd.world.ports, remaining=lambda: 20.0).corrected == 0
    crowd.plant(Holder(Scope.ORGANISATION, crowd.organisation_id), 7)
    crowd.world.clock.advance(DAY / 2)
    assert sweep(crowd.world.ports, remaining=lambda: 20.0).corrected == 0
    crowd.world.clock.advance(DAY / 2)
    assert sweep(crowd.world.ports, remaining=lambda: 20.0).corrected == 1
    assert crowd.counters() == crowd.truth()


def test_only_an_owner_recounts(crowd: Crowd) -> None:
    """Whoever may not change the organisation may not have it recounted."""
    with pytest.raises(Forbidden):
        recount_quotas(crowd.world.ports, crowd.people[1], remaining=lambda: 20.0)


def test_use_is_told_beside_the_limit(crowd: Crowd) -> None:
    """One sees the organisation's quota, one's own and the agents', and no other person's."""
    fill(crowd, (0, 0), (0, 1), (1, 1))
    auditor = add_member(crowd.world.ports, crowd.organisation_id, "usr-00000000000a", Role.AUDITOR)
    told = {
        each.holder: (each.workspaces, each.limit)
        for each in read_quotas(crowd.world.ports, crowd.people[1])
    }
    assert sorted(told.values()) == [(1, 3), (1, 4), (2, 4), (3, 5)]
    assert Holder(Scope.USER, crowd.people[0].id) not in told
    assert read_quotas(crowd.world.ports, auditor)[1].workspaces == 0


def test_unanswered_is_raised_where_nothing_was_made(crowd: Crowd) -> None:
    """Where the store did not answer and holds nothing, nobody is told that it was made."""
    no_answer(crowd, after=False)
    with pytest.raises(StoreUnanswered):
        crowd.create(0, 0)
    assert crowd.living() == []
