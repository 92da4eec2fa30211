"""One suite for the store port, on every adapter: SQLite, DynamoDB Local."""

import threading
from collections.abc import Callable
from functools import partial
from itertools import count

import pytest

from chalicelib.ports.store import (
    MAX_ITEM_BYTES,
    Absent,
    AtMost,
    Check,
    ConditionFailed,
    Delete,
    Equals,
    Exists,
    Item,
    ItemTooLarge,
    Key,
    Put,
    Store,
    StoreBusy,
    Update,
    Write,
)

_numbers = count()


@pytest.fixture
def partition() -> str:
    """A partition of the test's own."""
    return f"P#{next(_numbers)}"


def an_item(partition: str, sort: str = "a", **attributes: object) -> Item:
    """An item with a version."""
    return Item(Key(partition, sort), {"version": 1, **attributes})  # type: ignore[dict-item] # what tests store is any value


def test_what_was_put_is_what_is_got(store: Store, partition: str) -> None:
    """Every kind of value comes back as it was put."""
    item = an_item(
        partition,
        text="ä",
        empty="",
        number=-7,
        flag=True,
        nothing=None,
        bytes=b"\x00\xff",
        nested={"list": [1, "two", {"three": b"3"}]},
    )
    store.write(Put(item))

    assert store.get(item.key) == item


def test_an_absent_item_is_none(store: Store, partition: str) -> None:
    """Getting what was never put gives None."""
    assert store.get(Key(partition, "a")) is None


def test_put_when_absent_wins_once(store: Store, partition: str) -> None:
    """The second put under Absent is refused and changes nothing."""
    store.write(Put(an_item(partition, by="first"), [Absent()]))
    with pytest.raises(ConditionFailed):
        store.write(Put(an_item(partition, by="second"), [Absent()]))

    found = store.get(Key(partition, "a"))
    assert found is not None
    assert found.attributes["by"] == "first"


@pytest.mark.parametrize(
    "condition", [Exists(), Equals("version", 1), AtMost("version", 1)], ids=str
)
def test_a_condition_that_holds_lets_the_write_pass(
    store: Store, partition: str, condition: Exists
) -> None:
    """A put whose condition holds replaces the item."""
    store.write(Put(an_item(partition)))
    store.write(Put(an_item(partition, changed=True), [condition]))

    found = store.get(Key(partition, "a"))
    assert found is not None
    assert found.attributes["changed"] is True


@pytest.mark.parametrize(
    "condition",
    [Absent(), Equals("version", 2), Equals("other", 1), AtMost("version", 0)],
    ids=str,
)
def test_a_condition_that_fails_stops_the_write(
    store: Store, partition: str, condition: Absent
) -> None:
    """A put whose condition fails leaves the item as it was."""
    before = an_item(partition)
    store.write(Put(before))
    with pytest.raises(ConditionFailed):
        store.write(Put(an_item(partition, changed=True), [condition]))

    assert store.get(before.key) == before


def test_at_most_holds_where_there_is_no_number_yet(store: Store, partition: str) -> None:
    """A counter's first rise passes its bound."""
    key = Key(partition, "a")
    store.write(Update(key, add={"count": 1}, when=[AtMost("count", 0)]))
    with pytest.raises(ConditionFailed):
        store.write(Update(key, add={"count": 1}, when=[AtMost("count", 0)]))

    found = store.get(key)
    assert found is not None
    assert found.attributes == {"count": 1}


def test_an_update_touches_only_its_attributes(store: Store, partition: str) -> None:
    """Attributes that an update does not name stay as they are."""
    store.write(Put(an_item(partition, kept="yes", gone="soon", count=1)))
    store.write(
        Update(Key(partition, "a"), set={"new": "x"}, add={"count": 2}, remove=["gone", "never"])
    )

    found = store.get(Key(partition, "a"))
    assert found is not None
    assert found.attributes == {"version": 1, "kept": "yes", "new": "x", "count": 3}


def test_deleting_an_absent_item_is_no_error(store: Store, partition: str) -> None:
    """A delete may come twice."""
    store.write(Put(an_item(partition)))
    store.write(Delete(Key(partition, "a")))
    store.write(Delete(Key(partition, "a")))

    assert store.get(Key(partition, "a")) is None


def test_a_query_gives_a_partition_in_order_of_its_sort_keys(store: Store, partition: str) -> None:
    """Only items of the partition under the prefix come, by the order of their bytes."""
    for sort in ("WS#b", "WS#a", "USER#1", "WS#é", "X"):
        store.write(Put(an_item(partition, sort)))
    store.write(Put(an_item(partition + "other", "WS#z")))

    page = store.query(partition, prefix="WS#")
    down = store.query(partition, prefix="WS#", descending=True)

    assert [item.key.sort for item in page.items] == ["WS#a", "WS#b", "WS#é"]
    assert [item.key.sort for item in down.items] == ["WS#é", "WS#b", "WS#a"]
    assert page.next is None


@pytest.mark.parametrize("descending", [False, True])
def test_pages_of_a_query_join_without_gap_or_repeat(
    store: Store, partition: str, *, descending: bool
) -> None:
    """Going on after each page's last key gives each item once."""
    sorts = [f"WS#{number:02}" for number in range(7)]
    for sort in sorts:
        store.write(Put(an_item(partition, sort)))
    seen: list[str] = []
    after = None
    while True:
        page = store.query(partition, prefix="WS#", limit=3, after=after, descending=descending)
        seen += [item.key.sort for item in page.items]
        if page.next is None:
            break
        after = page.next

    assert seen == sorted(sorts, reverse=descending)


def test_a_page_ends_at_a_megabyte(store: Store, partition: str) -> None:
    """A query never gives more than 1 MB at once, and goes on after it."""
    for number in range(4):
        store.write(Put(an_item(partition, f"{number}", text="x" * 380_000)))

    first = store.query(partition)
    rest = store.query(partition, after=first.next)

    assert 1 < len(first.items) < 4
    assert len(first.items) + len(rest.items) == 4


def test_an_item_over_the_limit_is_refused(store: Store, partition: str) -> None:
    """An item over 400 KB is refused by name and not stored, alone or in a transaction."""
    item = an_item(partition, text="x" * MAX_ITEM_BYTES)
    with pytest.raises(ItemTooLarge):
        store.write(Put(item))
    with pytest.raises(ItemTooLarge):
        store.transact([Put(item), Put(an_item(partition, "b"))])

    assert store.query(partition).items == ()


def test_a_transaction_is_all_or_nothing(store: Store, partition: str) -> None:
    """One failed condition stops every write, and its place is told."""
    store.write(Put(an_item(partition, "b")))
    with pytest.raises(ConditionFailed) as failure:
        store.transact(
            [
                Put(an_item(partition, "a")),
                Check(Key(partition, "b"), [Equals("version", 2)]),
                Update(Key(partition, "c"), add={"count": 1}),
            ]
        )

    assert failure.value.index == 1
    assert [item.key.sort for item in store.query(partition).items] == ["b"]


def test_a_transaction_writes_all_kinds(store: Store, partition: str) -> None:
    """Put, update, delete and check pass together."""
    store.write(Put(an_item(partition, "old")))
    store.write(Put(an_item(partition, "seen")))
    store.transact(
        [
            Put(an_item(partition, "new"), [Absent()]),
            Update(Key(partition, "counter"), add={"count": 1}),
            Delete(Key(partition, "old"), [Exists()]),
            Check(Key(partition, "seen"), [Exists()]),
        ]
    )

    assert [item.key.sort for item in store.query(partition).items] == ["counter", "new", "seen"]


@pytest.mark.parametrize("size", [0, 101])
def test_a_transaction_has_one_to_a_hundred_writes(store: Store, partition: str, size: int) -> None:
    """DynamoDB's bounds hold for every store."""
    writes: list[Write] = [Put(an_item(partition, f"{number}")) for number in range(size)]
    with pytest.raises(ValueError, match="1 to 100"):
        store.transact(writes)


def test_a_transaction_concerns_a_key_once(store: Store, partition: str) -> None:
    """Two writes of one key in a transaction are a mistake of the caller."""
    with pytest.raises(ValueError, match="each key once"):
        store.transact([Put(an_item(partition)), Delete(Key(partition, "a"))])


def test_many_items_are_got_at_once(store: Store, partition: str) -> None:
    """A batch gives those of its keys that exist."""
    there = [an_item(partition, f"{number:03}") for number in range(99)]
    for item in there:
        store.write(Put(item))

    found = store.get_many([*(item.key for item in there), Key(partition, "absent")])

    assert found == {item.key: item for item in there}


def test_an_expired_item_is_absent(
    store: Store, partition: str, advance: Callable[[float], None]
) -> None:
    """Past its time an item is found by no read and held against no put, though still stored."""
    item = Item(Key(partition, "a"), {"version": 1}, expires=2_000_000_000)
    store.write(Put(item))
    before = store.get(item.key)
    advance(2_000_000_001)
    gone = (store.get(item.key), store.query(partition).items, store.get_many([item.key]))
    with pytest.raises(ConditionFailed):
        store.write(Delete(item.key, [Exists()]))
    fresh = Item(item.key, {"version": 1}, expires=2_100_000_000)
    store.write(Put(fresh, [Absent()]))

    assert before == item
    assert gone == (None, (), {})
    assert store.get(item.key) == fresh


def test_one_of_many_wins_a_race(store: Store, partition: str) -> None:
    """Of sixteen writers that saw the same version one wins, in every round."""
    key = Key(partition, "a")
    store.write(Put(Item(key, {"version": 0})))
    rounds = 5
    for version in range(rounds):
        wins = _race(16, partial(_raise_version, store, key, version))
        assert wins == 1

    found = store.get(key)
    assert found is not None
    assert found.attributes["version"] == rounds


def test_a_counter_under_a_race_never_passes_its_bound(store: Store, partition: str) -> None:
    """However many try at once, a bounded counter stops at its bound."""
    key = Key(partition, "quota")

    def rise() -> None:
        writes = [Update(key, add={"count": 1}, when=[AtMost("count", 4)])]
        for _ in range(50):
            try:
                store.transact(writes)
            except StoreBusy:
                continue
            return

    _race(16, rise)

    found = store.get(key)
    assert found is not None
    assert found.attributes["count"] == 5


def _raise_version(store: Store, key: Key, version: int) -> None:
    store.transact([Update(key, add={"version": 1}, when=[Equals("version", version)])])


def _race(size: int, act: Callable[[], None]) -> int:
    """Return how many of ``size`` threads that start together carry the act out."""
    start, wins = threading.Barrier(size), []

    def run() -> None:
        start.wait()
        try:
            act()
        except (ConditionFailed, StoreBusy):
            return
        wins.append(1)

    threads = [threading.Thread(target=run) for _ in range(size)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(wins)
