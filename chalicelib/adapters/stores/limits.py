"""DynamoDB's limits, held by every adapter so that none accepts what another would refuse."""

from collections.abc import Sequence

from chalicelib.ports.store import (
    MAX_BATCH,
    MAX_ITEM_BYTES,
    MAX_TRANSACTION,
    Item,
    ItemTooLarge,
    Key,
    Put,
    Value,
    Write,
)

_NUMBER_BYTES = 21
"""DynamoDB counts a number by its digits; the longest counts for all."""


def size_of(value: Value) -> int:
    """Return what DynamoDB would count for the value, in bytes, rounded up."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    if isinstance(value, list):
        return 3 + sum(1 + size_of(element) for element in value)
    if isinstance(value, dict):
        return 3 + sum(1 + len(name.encode()) + size_of(v) for name, v in value.items())
    return _NUMBER_BYTES if isinstance(value, int) and not isinstance(value, bool) else 1


def size_of_item(item: Item) -> int:
    """Return what DynamoDB would count for the whole item, in bytes."""
    keys = len(item.key.partition.encode()) + len(item.key.sort.encode()) + 4
    return keys + sum(len(n.encode()) + size_of(v) for n, v in item.attributes.items()) + 30


def check_item(item: Item) -> None:
    """Raise ItemTooLarge where DynamoDB would refuse the item."""
    size = size_of_item(item)
    if size > MAX_ITEM_BYTES:
        key = item.key
        message = f"item {key.partition}/{key.sort} has {size} bytes, at most {MAX_ITEM_BYTES}"
        raise ItemTooLarge(message)


def key_of(write: Write) -> Key:
    """Return the key that a write concerns."""
    return write.item.key if isinstance(write, Put) else write.key


def check_transaction(writes: Sequence[Write]) -> None:
    """Raise ValueError where DynamoDB would refuse the shape of a transaction."""
    if not 0 < len(writes) <= MAX_TRANSACTION:
        message = f"a transaction has 1 to {MAX_TRANSACTION} writes, not {len(writes)}"
        raise ValueError(message)
    if len({key_of(write) for write in writes}) != len(writes):
        message = "a transaction may concern each key once"
        raise ValueError(message)


def check_batch(keys: Sequence[Key]) -> None:
    """Raise ValueError where DynamoDB would refuse the shape of a batch read."""
    if len(keys) > MAX_BATCH or len(set(keys)) != len(keys):
        message = f"a batch reads at most {MAX_BATCH} different keys"
        raise ValueError(message)
