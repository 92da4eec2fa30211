"""Writes that DynamoDB refuses for another transaction's sake wait for their turn, and no longer."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import boto3
import pytest
from botocore.config import Config
from botocore.stub import Stubber

from berth_local.loopback import free_port
from chalicelib.adapters.stores.dynamodb import DynamoStore
from chalicelib.adapters.stores.patient import RESERVE, PatientStore
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.ports.store import (
    Absent,
    ConditionFailed,
    Item,
    Key,
    Put,
    StoreBusy,
    StoreUnanswered,
    Write,
)
from tests.doubles import CountedChance, SteppedClock

if TYPE_CHECKING:
    from types_boto3_dynamodb import DynamoDBClient

A, B = Key("P", "a"), Key("P", "b")
WRITES = (Put(Item(A, {"n": 1}), when=[Absent()]), Put(Item(B, {"n": 2})))
CALL = 20.0


class Refusing(SqliteStore):
    """A real store that first raises what it is given; it may do so with the work done."""

    def __init__(self, answers: Iterable[Exception] = (), *, carries_out: bool = False) -> None:
        super().__init__(":memory:")
        self.answers = list(answers)
        self.carries_out = carries_out
        self.attempts = 0

    def write(self, write: Write) -> None:
        """See the port."""
        self._refuse(lambda: SqliteStore.write(self, write))
        super().write(write)

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        self._refuse(lambda: SqliteStore.transact(self, chosen))
        super().transact(chosen)

    def _refuse(self, carry_out: Callable[[], None]) -> None:
        self.attempts += 1
        if self.answers:
            if self.carries_out:
                carry_out()
            raise self.answers.pop(0)


def patient(store: Refusing, clock: SteppedClock) -> PatientStore:
    """The store of a call that begins now."""
    return PatientStore(store, clock, CountedChance(), clock.monotonic() + CALL)


@pytest.mark.parametrize("refusals", [1, 5, 20])
def test_a_write_in_conflict_gets_its_turn(refusals: int) -> None:
    """A transaction that is refused for a while is carried out once, whole, with time having passed."""
    clock, store = SteppedClock(), Refusing([StoreBusy("conflict")] * refusals)
    began = clock.monotonic()
    patient(store, clock).transact(WRITES)
    assert store.attempts == refusals + 1
    assert store.get(A) == WRITES[0].item
    assert store.get(B) == WRITES[1].item
    assert clock.monotonic() > began


def test_a_single_write_gets_its_turn_too() -> None:
    """What is no transaction can be in conflict with one."""
    store = Refusing([StoreBusy("conflict")])
    patient(store, SteppedClock()).write(WRITES[1])
    assert store.get(B) == WRITES[1].item


def test_the_wait_ends_in_time_for_an_answer() -> None:
    """Where every attempt is refused the caller hears so, with time left to say it."""
    clock, store = SteppedClock(), Refusing([StoreBusy("conflict")] * 10_000)
    ends = clock.monotonic() + CALL
    with pytest.raises(StoreBusy):
        patient(store, clock).transact(WRITES)
    assert 0.8 * CALL < CALL - (ends - clock.monotonic()) <= CALL - RESERVE
    assert store.attempts < 200
    assert store.get(A) is None


def test_a_call_that_is_nearly_over_does_not_wait() -> None:
    """With no time left the first refusal is the answer, at once."""
    clock, store = SteppedClock(), Refusing([StoreBusy("conflict")] * 3)
    until = clock.monotonic() + RESERVE / 2
    with pytest.raises(StoreBusy):
        PatientStore(store, clock, CountedChance(), until).transact(WRITES)
    assert store.attempts == 1
    assert clock.monotonic() == until - RESERVE / 2


@pytest.mark.parametrize("carries_out", [True, False])
def test_what_may_have_been_written_is_not_written_again(carries_out: bool) -> None:
    """A write without an answer is its caller's to look after: repeated, it could count twice."""
    store = Refusing([StoreUnanswered("timeout")], carries_out=carries_out)
    with pytest.raises(StoreUnanswered):
        patient(store, SteppedClock()).transact(WRITES)
    assert store.attempts == 1


def test_a_condition_that_fails_is_told_at_once() -> None:
    """A refusal for good is no matter of patience."""
    clock, store = SteppedClock(), Refusing()
    patient(store, clock).transact(WRITES)
    began = clock.monotonic()
    with pytest.raises(ConditionFailed):
        patient(store, clock).transact(WRITES)
    assert clock.monotonic() == began


def test_the_pauses_differ() -> None:
    """Two that were refused together do not come back together."""
    chance, ends = CountedChance(), []
    for _ in range(2):
        clock = SteppedClock()
        store = Refusing([StoreBusy("conflict")] * 3)
        PatientStore(store, clock, chance, clock.monotonic() + CALL).transact(WRITES)
        ends.append(clock.monotonic())
    assert ends[0] != ends[1]


CANCELLED = "TransactionCanceledException"
REFUSED = {
    (CANCELLED, "TransactionConflict"): StoreBusy,
    (CANCELLED, "ThrottlingError"): StoreBusy,
    (CANCELLED, "ConditionalCheckFailed"): ConditionFailed,
    ("ThrottlingException", "None"): StoreBusy,
    ("InternalServerError", "None"): StoreUnanswered,
    ("ServiceUnavailable", "None"): StoreUnanswered,
}


@pytest.mark.parametrize("code, reason", REFUSED)
def test_dynamodbs_refusals_are_told_apart_from_its_faults(code: str, reason: str) -> None:
    """A conflict wrote nothing; after a fault of DynamoDB nobody knows."""
    client = a_client("https://dynamodb.invalid")
    reasons = {"CancellationReasons": [{"Code": "None"}, {"Code": reason}]}
    with Stubber(client) as stub:
        fields = reasons if code == CANCELLED else None
        stub.add_client_error("transact_write_items", code, modeled_fields=fields)
        with pytest.raises((StoreBusy, ConditionFailed)) as raised:
            DynamoStore(client, "berth").transact(WRITES)
    assert type(raised.value) is REFUSED[code, reason]


def test_no_connection_is_no_answer() -> None:
    """Where nobody listens the write is not known to have failed: the client may lose any answer."""
    client = a_client(f"http://127.0.0.1:{free_port()}")
    with pytest.raises(StoreUnanswered):
        DynamoStore(client, "berth").transact(WRITES)


def a_client(url: str) -> "DynamoDBClient":
    """A client that tries once."""
    client: DynamoDBClient = boto3.client(
        "dynamodb",
        endpoint_url=url,
        region_name="eu-central-1",
        aws_access_key_id="local",
        aws_secret_access_key="local",
        config=Config(retries={"total_max_attempts": 1}),
    )
    return client
