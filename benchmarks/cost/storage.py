"""What stays in the table: its bytes, as DynamoDB counts them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from berth_local.aws.emulator import Emulator

AUDIT = "#AUDIT"
"""How the partition of an organisation's audit log ends (``chalicelib/records/keys.py``)."""
_NUMBER_BYTES, _COLLECTION_BYTES, _ELEMENT_BYTES = 1, 3, 1


class Stored(NamedTuple):
    """``record``: bytes of an audit record, which nothing removes; ``others``: of everything else."""

    record: float
    others: float


def stored(aws: Emulator, table: str) -> Stored:
    """Weigh a table."""
    records, others = list[int](), 0
    for item in _items(aws, table):
        size = sum(len(name.encode()) + size_of(value) for name, value in item.items())
        if item["pk"]["S"].endswith(AUDIT):
            records.append(size)
        else:
            others += size
    return Stored(sum(records) / len(records), others)


def _items(aws: Emulator, table: str) -> Iterator[Mapping[str, Any]]:
    for page in aws.client("dynamodb").get_paginator("scan").paginate(TableName=table):
        yield from page["Items"]


def size_of(value: Mapping[str, Any]) -> int:
    """Return the bytes of an attribute's value (developer guide, 'DynamoDB item sizes and formats')."""
    ((kind, content),) = value.items()
    match kind:
        case "S":
            return len(content.encode())
        case "B":
            return len(content)
        case "N":
            return (len(content.lstrip("-")) + 1) // 2 + _NUMBER_BYTES
        case "M":
            inner = sum(len(name.encode()) + size_of(each) for name, each in content.items())
            return inner + len(content) * _ELEMENT_BYTES + _COLLECTION_BYTES
        case "L":
            inner = sum(map(size_of, content))
            return inner + len(content) * _ELEMENT_BYTES + _COLLECTION_BYTES
        case "SS":
            return sum(len(each.encode()) for each in content)
        case _:
            return 1  # null, a truth
