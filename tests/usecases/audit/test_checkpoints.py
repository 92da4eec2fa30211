"""The sweep holds what moved, and a check of the log goes by pages while the log grows."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from chalicelib.adapters.signing import PepperSigner
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.ports.store import Delete, Item, Key, Page, Put
from chalicelib.records import audit as records
from chalicelib.records import checkpoints, keys
from chalicelib.records.checkpoints import Checkpoint
from chalicelib.usecases.audit.checkpoint import write_checkpoints
from chalicelib.usecases.audit.verify import Checked, verify
from chalicelib.usecases.audit.write import audit
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.wire.tampering import Fault
from tests.builders import PaperCluster, World, create
from tests.doubles import WatchedStore

DAY = 24 * 3600


def hold(world: World) -> int:
    """Write checkpoints, with time enough."""
    return write_checkpoints(world.ports, remaining=lambda: 20.0)


def held_by(world: World) -> tuple[Checkpoint, ...]:
    """All checkpoints."""
    org = world.organisation.id
    return checkpoints.load_page(world.store, org, after=None, limit=100).checkpoints


def check(world: World, *, between: Callable[[], object] = lambda: None) -> list[Checked]:
    """Check the whole log in calls that have time for one page each."""
    done, place = [], None
    while True:
        done.append(verify(world.ports, world.person, place, remaining=lambda: 0.0))
        place = done[-1].place
        if place is None:
            return done
        between()


def findings(world: World) -> list[str]:
    """What is broken, in words."""
    return [found.message for part in check(world) for found in part.findings]


def write_many(world: World, count: int) -> list[str]:
    """Write a first record of that many subjects."""
    subjects = [f"ws-{number:012}" for number in range(count)]
    for subject in subjects:
        world.store.transact(audit(world.ports, world.person, "x:y", subject, is_new=True))
    return subjects


def test_a_sweep_with_nothing_to_hold_reads_once(world: World, workspace_id: str) -> None:
    """Where nothing changed since the last checkpoint: one read, no write, no checkpoint."""
    assert hold(world) == 1
    world.store.reset()

    assert hold(world) == 0
    assert (world.store.reads, world.store.writes) == (1, 0)
    assert len(held_by(world)) == 1
    assert workspace_id in str(held_by(world))


def test_many_heads_take_several_checkpoints(world: World) -> None:
    """What one transaction cannot hold the next one does; together they hold each head once."""
    subjects = write_many(world, 120)

    assert hold(world) == 3

    held = [head.subject for checkpoint in held_by(world) for head in checkpoint.heads]
    assert sorted(held) == subjects
    assert [each.number for each in held_by(world)] == [1, 2, 3]
    assert world.store.query(keys.AUDIT_HEADS).items == ()
    assert findings(world) == []


def test_a_head_that_moves_on_meanwhile_waits(world: World, workspace_id: str) -> None:
    """A change in the middle of the sweep keeps its own head out, not those of others."""
    other = create(world, "other")
    world.store.meanwhile = lambda: change_workspace(
        world.ports, world.person, other, DesiredState.STOPPED
    )

    assert hold(world) == 1
    assert [head.subject for head in held_by(world)[0].heads] == [workspace_id]
    assert hold(world) == 1
    assert [(h.subject, h.number) for h in held_by(world)[1].heads] == [(other, 2)]
    assert findings(world) == []


def test_two_sweeps_at_once_write_one_chain(world: World, workspace_id: str) -> None:
    """Of two that want to write the same checkpoint one does."""
    world.store.meanwhile = lambda: hold(world)

    assert hold(world) == 0
    assert [each.number for each in held_by(world)] == [1]
    assert findings(world) == []
    assert workspace_id in str(held_by(world))


def test_a_missing_record_holds_up_no_other(world: World, workspace_id: str) -> None:
    """The head of what is gone stays, as a witness; the others are held."""
    other = create(world, "other")
    org = world.organisation.id
    world.store.write(Delete(keys.audit_record(org, other, 1)))

    assert hold(world) == 1
    assert [head.subject for head in held_by(world)[0].heads] == [workspace_id]
    for _ in range(2):
        assert findings(world) == [f"1 record is missing at the beginning of {other}"]
        assert hold(world) == 0


def test_a_row_that_is_no_head_holds_up_no_other(world: World, workspace_id: str) -> None:
    """Rubbish among the heads is passed over."""
    for sort in ("x", "a#b#c", "a#\n", "#"):
        head = world.store.query(keys.AUDIT_HEADS).items[0]
        key = replace(head.key, sort=sort)
        world.store.transact([Put(replace(head, key=key))])

    assert hold(world) == 1
    assert workspace_id in str(held_by(world))


def test_a_sweep_without_time_writes_nothing(world: World, workspace_id: str) -> None:
    """What there is no time for is held by the next sweep."""
    assert write_checkpoints(world.ports, remaining=lambda: 1.0) == 0
    assert hold(world) == 1
    assert workspace_id in str(held_by(world))


def test_a_check_goes_on_where_it_stopped(world: World) -> None:
    """Page by page, a log of many pages is looked at once, and its one broken place found once."""
    subjects = write_many(world, 1_100)
    while hold(world):
        pass
    world.store.write(Delete(keys.audit_record(world.organisation.id, subjects[700], 1)))

    parts = check(world)

    assert len(parts) >= 5
    assert sum(part.records for part in parts) == 1_099
    assert sum(part.checkpoints for part in parts) == len(held_by(world)) == 23
    found = [each.message for part in parts for each in part.findings]
    assert found == [f"1 record is missing at the beginning of {subjects[700]}"]


@pytest.mark.parametrize("sweeps", [True, False])
def test_a_log_that_grows_while_it_is_checked_is_whole(world: World, sweeps: bool) -> None:
    """Changes and checkpoints between and within the pages are never taken for tampering."""
    write_many(world, 600)
    own = [create(world, f"w{number}") for number in range(5)]
    wishes = iter([DesiredState.STOPPED, DesiredState.RUNNING] * 50)

    def grow() -> None:
        wish = next(wishes)
        for workspace_id in own:
            change_workspace(world.ports, world.person, workspace_id, wish)
        if sweeps:
            hold(world)

    busy = Busy(world.store, grow=grow)
    world.ports = replace(world.ports, store=busy)
    parts = check(world, between=grow)

    assert [found.message for part in parts for found in part.findings] == []
    assert busy.grown > 5


@dataclass
class Busy(WatchedStore):
    """A store in which something happens before each of the first reads."""

    grow: Callable[[], None] = lambda: None
    grown: int = 0
    _within: bool = False

    def get(self, key: Key) -> Item | None:
        """See the port."""
        self._go_on()
        return super().get(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See the port."""
        self._go_on()
        return super().get_many(keys)

    def query(self, partition: str, **how: Any) -> Page:
        """See the port."""
        self._go_on()
        return super().query(partition, **how)

    def _go_on(self) -> None:
        if not self._within and self.grown < 30:
            self._within = True
            self.grow()
            self.grown += 1
            self._within = False


def test_records_outlive_their_workspace(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Long after a terminated workspace was dropped its history is there, and whole."""
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.settle()
    hold(world)
    world.clock.advance(365 * DAY)
    org = world.organisation.id
    assert world.store.get(keys.workspace(org, workspace_id)) is None

    page = records.load_page(world.store, org, subject=workspace_id, after=None, limit=10)

    assert [each.action for each in page.records][-1] == "workspaces:terminated"
    assert findings(world) == []


def test_another_pepper_makes_other_seals(world: World, workspace_id: str) -> None:
    """Who has not the installation's pepper can write no line that is taken for its own."""
    other = PepperSigner(b"q" * 32, issuer="https://other.example.com", clock=world.clock)
    world.ports = replace(world.ports, signer=other)

    parts = check(world)

    assert {found.fault for part in parts for found in part.findings} == {Fault.FORGED}
    assert workspace_id in str(parts)
