"""Whatever is done in whatever order, quotas hold and the counters say what the rows say."""

from collections.abc import Callable
from functools import partial

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from chalicelib.domain.errors import TooMany
from chalicelib.domain.organisations.quotas import Holder, Scope
from chalicelib.ports.store import StoreUnanswered
from chalicelib.usecases.workspaces.change import terminate_workspace
from tests.doubles import Killed
from tests.usecases.organisations.crowd import Crowd

SIZE = 3
WHO = st.integers(0, SIZE - 1)
LIMITS = st.fixed_dictionaries({}, optional={scope.value: st.integers(0, 6) for scope in Scope})


class Quotas(RuleBasedStateMachine):
    """People create, end and change limits at once, die in between, and have it all recounted."""

    def __init__(self) -> None:
        super().__init__()
        self.crowd = Crowd(SIZE)

    @rule(person=WHO, agent=WHO)
    def create(self, person: int, agent: int) -> None:
        """Made exactly if there was room for it everywhere."""
        had_room = self._has_room(person, agent)
        before = len(self.crowd.living())
        made = self._create(person, agent)
        assert made is had_room
        assert len(self.crowd.living()) == before + made

    @rule(first=st.tuples(WHO, WHO), second=st.tuples(WHO, WHO))
    def race(self, first: tuple[int, int], second: tuple[int, int]) -> None:
        """The second is made while the first is under way, and each has room or is refused."""
        told: list[tuple[bool, bool]] = []

        def meanwhile() -> None:
            had_room = self._has_room(*second)
            told.append((self._create(*second), had_room))
            told.append((had_first := self._has_room(*first), had_first))

        self.crowd.world.store.meanwhile = meanwhile
        made = self._create(*first)
        (made_second, had_second), (had_first, _) = told
        assert (made_second, made) == (had_second, had_first)

    @rule(limits=LIMITS, person=WHO, agent=WHO)
    def change_limits_meanwhile(self, limits: dict[str, int], person: int, agent: int) -> None:
        """The limits that hold when it is stored decide."""
        self.crowd.world.store.meanwhile = partial(self.crowd.change_limits, **limits)
        made = self._create(person, agent)
        if made:
            assert not self._is_over(person, agent)
        else:
            assert not self._has_room(person, agent)

    @rule(person=WHO, agent=WHO, after=st.booleans(), answers=st.booleans())
    def die(self, person: int, agent: int, after: bool, answers: bool) -> None:
        """A creation dies, or its store falls silent, before or after it is stored."""
        store = self.crowd.world.store
        store.reset()
        store.die_at, store.after = 0, after
        store.dies_of = Killed if answers else StoreUnanswered
        try:
            self._create(person, agent)
        except (Killed, StoreUnanswered):
            pass
        finally:
            store.die_at = None

    @precondition(lambda self: self.crowd.living())
    @rule(data=st.data())
    def terminate(self, data: st.DataObject) -> None:
        """An owner has one of them ended; it counts until its cluster confirms that."""
        workspace_id, *_ = data.draw(st.sampled_from(self.crowd.living()))
        terminate_workspace(self.crowd.world.ports, self.crowd.people[0], workspace_id)

    @rule(agent=WHO)
    def settle(self, agent: int) -> None:
        """A cluster does what it was told and confirms it."""
        self.crowd.clusters[agent].settle()

    @rule(data=st.data(), offset=st.integers(-3, 3), agent=WHO)
    def plant_and_recount(self, data: st.DataObject, offset: int, agent: int) -> None:
        """A counter is spoiled; a recount, with things going on meanwhile, puts it right."""
        self.crowd.plant(data.draw(st.sampled_from(self.crowd.holders())), offset)
        meanwhile: dict[str, Callable[[], object] | None] = {
            "creation": partial(self._create, agent, agent),
            "ends": self.crowd.clusters[agent].settle,
            "recount": self.crowd.recount,
            "nothing": None,
        }
        self.crowd.world.store.meanwhile = meanwhile[data.draw(st.sampled_from(sorted(meanwhile)))]
        assert self.crowd.recount().unsettled == ()
        self.crowd.world.store.meanwhile = None

    @rule()
    def recount(self) -> None:
        """With nothing wrong, nothing is corrected."""
        assert self.crowd.recount().corrections == ()

    @invariant()
    def counters_are_true(self) -> None:
        """Each counter is the number of its rows."""
        assert self.crowd.counters() == self.crowd.truth()

    def _create(self, person: int, agent: int) -> bool:
        try:
            self.crowd.create(person, agent)
        except TooMany:
            return False
        return True

    def _holders(self, person: int, agent: int) -> list[Holder]:
        crowd = self.crowd
        return [
            Holder(Scope.USER, crowd.people[person].id),
            Holder(Scope.AGENT, crowd.clusters[agent].world.agent_id),
            Holder(Scope.ORGANISATION, crowd.organisation_id),
        ]

    def _has_room(self, person: int, agent: int) -> bool:
        truth, limits = self.crowd.truth(), self.crowd.limits()
        return all(truth[each] < limits[each.scope] for each in self._holders(person, agent))

    def _is_over(self, person: int, agent: int) -> bool:
        truth, limits = self.crowd.truth(), self.crowd.limits()
        return any(truth[each] > limits[each.scope] for each in self._holders(person, agent))


Quotas.TestCase.settings = settings(max_examples=50, stateful_step_count=25, deadline=None)
TestQuotasHold = Quotas.TestCase
