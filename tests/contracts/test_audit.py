"""The audit log on each store: written, held by checkpoints, checked, and found broken."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import count

import pytest

from chalicelib.domain.access.roles import Person, Role
from chalicelib.domain.naming import make_id
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, Delete, Store, StoreBusy
from chalicelib.records import keys
from chalicelib.usecases.audit.checkpoint import write_checkpoints
from chalicelib.usecases.audit.verify import Checked, verify
from chalicelib.usecases.audit.write import audit
from tests.builders import make_world

_count = count(1)


@dataclass
class Log:
    """The log of an organisation that no other test has."""

    ports: Ports
    person: Person

    def write(self, subject: str) -> None:
        """Write the next record of a subject."""
        self.ports.store.transact(audit(self.ports, self.person, "x:y", subject))

    def check(self) -> Checked:
        """Check all of it in one call."""
        checked = verify(self.ports, self.person, None, remaining=lambda: 20.0)
        assert checked.place is None
        return checked


@pytest.fixture
def log(store: Store) -> Log:
    """An empty log on the store."""
    org = make_id("org", next(_count).to_bytes(8, "big"))
    person = Person("usr-000000000001", org, Role.OWNER)
    return Log(replace(make_world().ports, store=store), person)


def test_a_log_is_written_held_and_whole(log: Log) -> None:
    """Sixty subjects of two records each: two checkpoints hold them, and nothing is broken."""
    subjects = [f"ws-{number:012}" for number in range(60)]
    for subject in (*subjects, *subjects):
        log.write(subject)

    assert log.check().unheld == 60
    assert write_checkpoints(log.ports, remaining=lambda: 20.0) >= 2
    checked = log.check()

    assert (checked.records, checked.checkpoints, checked.unheld) == (120, 2, 0)
    assert checked.findings == []


def test_what_is_removed_is_found(log: Log) -> None:
    """The last record of one subject and all of another are missed by name."""
    for subject in ("ws-a", "ws-a", "ws-b", "ws-b"):
        log.write(subject)
    write_checkpoints(log.ports, remaining=lambda: 20.0)
    for gone in (("ws-a", 2), ("ws-b", 1), ("ws-b", 2)):
        log.ports.store.write(Delete(keys.audit_record(log.person.organisation_id, *gone)))

    assert [found.message for found in log.check().findings] == [
        "1 record is missing after record 1 of ws-a",
        "2 records are missing at the beginning of ws-b",
        "nothing holds record 1 of ws-a: its head is missing, or what came after it",
    ]


def test_many_writers_and_sweeps_at_once_make_one_whole_log(log: Log) -> None:
    """Four who write about the same three subjects while two sweep: no record is lost or doubled."""
    done = threading.Event()

    def write(turn: int) -> None:
        """Write a record, as often as it takes."""
        while True:
            with suppress(ConditionFailed, StoreBusy):
                log.write(f"ws-{turn % 3}")
                return

    def sweep() -> int:
        written = 0
        while not done.is_set():
            with suppress(StoreBusy):
                written += write_checkpoints(log.ports, remaining=lambda: 20.0)
        return written

    with ThreadPoolExecutor(6) as pool:
        sweeps = [pool.submit(sweep) for _ in range(2)]
        try:
            for written in [pool.submit(write, turn) for turn in range(60)]:
                written.result(timeout=60)
        finally:
            done.set()
        held = sum(each.result(timeout=60) for each in sweeps)

    write_checkpoints(log.ports, remaining=lambda: 20.0)
    checked = log.check()
    assert checked.findings == []
    assert (checked.records, checked.unheld) == (60, 0)
    assert checked.checkpoints >= max(held, 1)


def test_of_two_records_with_one_number_one_is_written(log: Log) -> None:
    """Two changes that go on from the same record: the second is refused whole."""
    log.write("ws-a")
    first, second = (audit(log.ports, log.person, "x:y", "ws-a") for _ in range(2))
    log.ports.store.transact(first)

    with pytest.raises(ConditionFailed):
        log.ports.store.transact(second)

    assert log.check().records == 2
    assert log.check().findings == []
