"""The store at the level of items: get, conditional writes, query by page, transact.

An item is a flat mapping of JSON-like values under a two-part key. The limits are DynamoDB's and
every adapter enforces them: 400 KB an item, 1 MB a page, 100 writes a transaction.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Value: TypeAlias = "str | int | bool | bytes | list[Value] | dict[str, Value] | None"
Attributes: TypeAlias = Mapping[str, Value]

MAX_ITEM_BYTES = 400 * 1024
MAX_PAGE_BYTES = 1024 * 1024
MAX_TRANSACTION = 100
MAX_BATCH = 100


@dataclass(frozen=True, slots=True)
class Key:
    """Partition and sort key. Made by ``records.keys`` alone, which refuses separators in parts."""

    partition: str
    sort: str


@dataclass(frozen=True, slots=True)
class Item:
    """One stored item. ``expires`` (seconds since the epoch) lets the store drop it some time after;
    readers must treat an expired item as absent: adapters filter it."""

    key: Key
    attributes: Attributes
    expires: int | None = None


@dataclass(frozen=True, slots=True)
class Absent:
    """The item must not exist."""


@dataclass(frozen=True, slots=True)
class Exists:
    """The item must exist."""


@dataclass(frozen=True, slots=True)
class Equals:
    """The attribute must exist and equal the value."""

    name: str
    value: Value


@dataclass(frozen=True, slots=True)
class AtMost:
    """The attribute must be absent or a number of at most ``value``."""

    name: str
    value: int


Condition: TypeAlias = Absent | Exists | Equals | AtMost


@dataclass(frozen=True, slots=True)
class Put:
    """Write the whole item."""

    item: Item
    when: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """Set, add to or remove single attributes; other attributes stay. Creates an absent item.

    Not for items that expire: those are written whole.
    """

    key: Key
    set: Attributes = field(default_factory=dict)
    add: Mapping[str, int] = field(default_factory=dict)
    remove: Sequence[str] = ()
    when: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class Delete:
    """Remove the item; removing an absent one is no error."""

    key: Key
    when: Sequence[Condition] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """Write nothing, but let the transaction fail unless the conditions hold."""

    key: Key
    when: Sequence[Condition]


Write: TypeAlias = Put | Update | Delete | Check


@dataclass(frozen=True, slots=True)
class Page:
    """Items in order of their sort key. ``next`` is the sort key to go on after, None at the end."""

    items: tuple[Item, ...]
    next: str | None


class ConditionFailed(Exception):
    """A condition did not hold and nothing was written. ``index`` is the failed write's place."""

    def __init__(self, index: int, key: Key) -> None:
        super().__init__(f"condition of write {index} on {key.partition}/{key.sort} failed")
        self.index = index
        self.key = key


class StoreBusy(Exception):
    """The store refused for now (throttled, or in conflict with another transaction): try again.

    Nothing was written, but for the subclass.
    """


class StoreUnanswered(StoreBusy):
    """No answer came: what was asked for may have been carried out, or may be yet."""


class ItemTooLarge(Exception):
    """The item would exceed 400 KB; nothing was written."""


class Store(Protocol):
    """Reads are strongly consistent. Every call counts as one read or one write of the store."""

    def get(self, key: Key) -> Item | None:
        """Return the item, or None when there is none (or it expired)."""
        ...

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """Return those of up to 100 items that exist, in one call."""
        ...

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int | None = None,
        descending: bool = False,
    ) -> Page:
        """Return a page of one partition's items whose sort key starts with ``prefix``."""
        ...

    def write(self, write: Write) -> None:
        """Carry out one write. Raises ConditionFailed, StoreBusy, StoreUnanswered or ItemTooLarge."""
        ...

    def transact(self, writes: Iterable[Write]) -> None:
        """Carry out all writes or none (at most 100, one per key)."""
        ...
