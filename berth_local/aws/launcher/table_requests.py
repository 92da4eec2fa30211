"""Which items and attributes a request to DynamoDB is about: `dynamodb:LeadingKeys` and `dynamodb:Attributes`."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

Request = Mapping[str, Any]

_EXPRESSIONS = (
    "UpdateExpression",
    "ConditionExpression",
    "ProjectionExpression",
    "FilterExpression",
    "KeyConditionExpression",
)
_PATH = re.compile(r"(?<![\w:.\]#])#?[A-Za-z_][\w\-]*(?:[.\[][\w.\[\]#\-]*)?", re.ASCII)
_EQUALITY = re.compile(r"(#?[\w\-]+)\s*=\s*(:\w+)", re.ASCII)
_WORDS = frozenset(
    {"SET", "REMOVE", "ADD", "DELETE", "AND", "OR", "NOT", "BETWEEN", "IN"}
    | {"ATTRIBUTE_EXISTS", "ATTRIBUTE_NOT_EXISTS", "ATTRIBUTE_TYPE", "BEGINS_WITH"}
    | {"CONTAINS", "SIZE", "IF_NOT_EXISTS", "LIST_APPEND"}
)
"""Of the expression language, in capitals; everything else is a path or a placeholder."""


def condition_keys(request: Request, tables: Request) -> dict[str, list[str]]:
    """Return the two keys with their values; a key without a value is left out.

    :param tables: the emulator's tables by name, for their key schemas.
    """
    parts = [part for part in _parts(request) if isinstance(part, dict)]
    leading = [key for part in parts if (key := _leading_key(part, tables)) is not None]
    attributes = sorted({name for part in parts for name in _attributes(part)})
    found = {"dynamodb:LeadingKeys": leading, "dynamodb:Attributes": attributes}
    return {name: values for name, values in found.items() if values}


def _parts(request: Request) -> Iterator[Any]:
    """Yield what a request is made of: of transactions and batches each part."""
    if "TransactItems" in request:
        yield from (next(iter(each.values()), None) for each in request["TransactItems"])
    elif "RequestItems" in request:
        for table, asked in request["RequestItems"].items():
            yield from _batch(table, asked)
    else:
        yield request


def _batch(table: str, asked: Any) -> Iterator[Request]:
    if isinstance(asked, dict):
        rest = {name: value for name, value in asked.items() if name != "Keys"}
        yield from ({"TableName": table, "Key": key, **rest} for key in asked.get("Keys", []))
    else:
        yield from ({"TableName": table, **next(iter(each.values()))} for each in asked)


def _leading_key(part: Request, tables: Request) -> str | None:
    name = _partition_key(part, tables)
    value = (part.get("Key") or part.get("Item") or {}).get(name)
    if value is None:
        names = part.get("ExpressionAttributeNames") or {}
        values = part.get("ExpressionAttributeValues") or {}
        for attribute, placeholder in _EQUALITY.findall(part.get("KeyConditionExpression") or ""):
            if names.get(attribute, attribute) == name:
                value = values.get(placeholder)
    return str(next(iter(value.values()))) if isinstance(value, dict) and value else None


def _partition_key(part: Request, tables: Request) -> str | None:
    table = tables.get(str(part.get("TableName", "")).rpartition("/")[2]) or {}
    schema = table.get("KeySchema") or []
    for index in table.get("GlobalSecondaryIndexes") or []:
        if index["IndexName"] == part.get("IndexName"):
            schema = index["KeySchema"]
    return next((key["AttributeName"] for key in schema if key["KeyType"] == "HASH"), None)


def _attributes(part: Request) -> Iterator[Any]:
    """Yield the names at the top level of an item that a part reads, writes or asks about."""
    yield from part.get("Item") or {}
    yield from part.get("Key") or {}
    names = part.get("ExpressionAttributeNames") or {}
    for expression in _EXPRESSIONS:
        for path in _PATH.findall(part.get(expression) or ""):
            if path.upper() not in _WORDS:
                head = re.split(r"[.\[]", path, maxsplit=1)[0]
                yield str(names.get(head, head))
