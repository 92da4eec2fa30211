"""The store on SQLite: a file or ``:memory:``. The default of the one-process mode and the tests."""

import json
import sqlite3
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import time
from typing import Any

from chalicelib.adapters.stores.limits import (
    check_batch,
    check_item,
    check_transaction,
    key_of,
    size_of_item,
)
from chalicelib.ports.store import (
    MAX_PAGE_BYTES,
    Absent,
    AtMost,
    Attributes,
    Check,
    Condition,
    ConditionFailed,
    Delete,
    Equals,
    Exists,
    Item,
    Key,
    Page,
    Put,
    StoreBusy,
    Update,
    Value,
    Write,
)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS items (
    partition TEXT NOT NULL,
    sort TEXT NOT NULL,
    attributes TEXT NOT NULL,
    expires INTEGER,
    PRIMARY KEY (partition, sort)
) WITHOUT ROWID
"""
_BYTES = "\x00bytes"
_BEYOND_ANY = "\U0010ffff"


def _encode(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    message = f"a {type(value).__name__} cannot be stored"
    raise TypeError(message)


def _decode(value: dict[str, Any]) -> Any:
    return b64decode(value[_BYTES]) if value.keys() == {_BYTES} else value


def _holds(condition: Condition, found: Attributes | None) -> bool:
    match condition:
        case Absent():
            return found is None
        case Exists():
            return found is not None
        case Equals(name, value):
            return found is not None and name in found and found[name] == value
        case AtMost(name, value):
            number = None if found is None else found.get(name)
            return number is None or (isinstance(number, int) and number <= value)


def _updated(update: Update, found: Attributes | None) -> dict[str, Value]:
    attributes = {**(found or {}), **update.set}
    for name, amount in update.add.items():
        before = attributes.get(name, 0)
        if not isinstance(before, int):
            message = f"attribute {name} of {update.key} is no number"
            raise TypeError(message)
        attributes[name] = before + amount
    for name in update.remove:
        attributes.pop(name, None)
    return attributes


class SqliteStore:
    """One connection, used by one thread at a time; each write is a transaction of its own."""

    def __init__(self, path: str, *, now: Callable[[], float] = time) -> None:
        self._now = now
        self._lock = threading.RLock()
        self._connection = sqlite3.connect(
            path, isolation_level=None, check_same_thread=False, timeout=5
        )
        self._connection.execute("PRAGMA journal_mode=WAL")
        self._connection.execute("PRAGMA synchronous=FULL")
        self._connection.execute(_SCHEMA)

    def close(self) -> None:
        """Close the connection; the store cannot be used after."""
        with self._lock:
            self._connection.close()

    def get(self, key: Key) -> Item | None:
        """See the port."""
        with self._lock:
            return self._find(key)

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See the port."""
        check_batch(keys)
        with self._lock:
            found = [self._find(key) for key in keys]
        return {item.key: item for item in found if item is not None}

    def query(
        self,
        partition: str,
        *,
        prefix: str = "",
        after: str | None = None,
        limit: int | None = None,
        descending: bool = False,
    ) -> Page:
        """See the port."""
        low, high = prefix, prefix + _BEYOND_ANY
        if after is not None and descending:
            high = min(high, after)
        order, lower = ("DESC", ">=") if descending else ("ASC", ">=")
        if after is not None and not descending and after >= low:
            low, lower = after, ">"
        statement = (
            "SELECT sort, attributes, expires FROM items"  # noqa: S608 - constants only
            f" WHERE partition = ? AND sort {lower} ? AND sort < ? ORDER BY sort {order}"
        )
        with self._lock:
            rows = self._connection.execute(statement, (partition, low, high))
            return self._page(partition, rows, limit)

    def write(self, write: Write) -> None:
        """See the port."""
        with self._transaction():
            self._carry_out(0, write)

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        check_transaction(chosen)
        with self._transaction():
            for index, write in enumerate(chosen):
                self._carry_out(index, write)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        with self._lock:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                raise StoreBusy(str(error)) from error
            try:
                yield
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _page(self, partition: str, rows: sqlite3.Cursor, limit: int | None) -> Page:
        items: list[Item] = []
        size = 0
        for sort, attributes, expires in rows:
            item = self._item(Key(partition, sort), attributes, expires)
            if item is None:
                continue
            size += size_of_item(item)
            if items and (size > MAX_PAGE_BYTES or len(items) == limit):
                return Page(tuple(items), items[-1].key.sort)
            items.append(item)
        return Page(tuple(items), None)

    def _find(self, key: Key) -> Item | None:
        row = self._connection.execute(
            "SELECT attributes, expires FROM items WHERE partition = ? AND sort = ?",
            (key.partition, key.sort),
        ).fetchone()
        return None if row is None else self._item(key, row[0], row[1])

    def _item(self, key: Key, attributes: str, expires: int | None) -> Item | None:
        if expires is not None and expires <= self._now():
            return None
        return Item(key, json.loads(attributes, object_hook=_decode), expires)

    def _carry_out(self, index: int, write: Write) -> None:
        key = key_of(write)
        found = self._find(key)
        attributes = None if found is None else found.attributes
        if not all(_holds(condition, attributes) for condition in write.when):
            raise ConditionFailed(index, key)
        match write:
            case Put(item):
                self._put(item)
            case Update():
                expires = None if found is None else found.expires
                self._put(Item(key, _updated(write, attributes), expires))
            case Delete():
                self._connection.execute(
                    "DELETE FROM items WHERE partition = ? AND sort = ?",
                    (key.partition, key.sort),
                )
            case Check():
                pass

    def _put(self, item: Item) -> None:
        check_item(item)
        self._connection.execute(
            "INSERT OR REPLACE INTO items VALUES (?, ?, ?, ?)",
            (
                item.key.partition,
                item.key.sort,
                json.dumps(item.attributes, default=_encode),
                item.expires,
            ),
        )
