"""Writes and conditions of the port as DynamoDB's requests.

Expressions are made of literals and placeholders only; names and values travel beside them.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from chalicelib.ports.store import (
    Absent,
    AtMost,
    Check,
    Condition,
    Delete,
    Equals,
    Exists,
    Item,
    Key,
    Put,
    Update,
    Value,
    Write,
)

PARTITION, SORT, EXPIRES = "pk", "sk", "expires"


def typed(value: Value) -> dict[str, Any]:
    """Return the value in DynamoDB's notation."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case int():
            return {"N": str(value)}
        case str():
            return {"S": value}
        case bytes():
            return {"B": value}
        case list():
            return {"L": [typed(element) for element in value]}
        case dict():
            return {"M": {name: typed(element) for name, element in value.items()}}


def plain(value: Mapping[str, Any]) -> Value:
    """Return the value of DynamoDB's notation."""
    ((kind, inner),) = value.items()
    match kind:
        case "NULL":
            return None
        case "N":
            return int(inner)
        case "L":
            return [plain(element) for element in inner]
        case "M":
            return {name: plain(element) for name, element in inner.items()}
        case "S" | "BOOL":
            return inner  # type: ignore[no-any-return] # already as it shall be
        case "B":
            return bytes(inner)
        case _:
            raise ValueError(f"unknown type {kind} in the table")


def key_item(key: Key) -> dict[str, Any]:
    """Return the key's two attributes."""
    return {PARTITION: {"S": key.partition}, SORT: {"S": key.sort}}


def whole_item(item: Item) -> dict[str, Any]:
    """Return all attributes of the item."""
    attributes = {name: typed(value) for name, value in item.attributes.items()}
    expires = {} if item.expires is None else {EXPIRES: {"N": str(item.expires)}}
    return {**key_item(item.key), **attributes, **expires}


def item_of(found: Mapping[str, Any]) -> Item:
    """Return the item of DynamoDB's attributes."""
    attributes = {
        name: plain(value)
        for name, value in found.items()
        if name not in {PARTITION, SORT, EXPIRES}
    }
    expires = int(found[EXPIRES]["N"]) if EXPIRES in found else None
    return Item(Key(found[PARTITION]["S"], found[SORT]["S"]), attributes, expires)


class _Placeholders:
    """Collects names and values and hands out their placeholders."""

    def __init__(self) -> None:
        self.names: dict[str, str] = {}
        self.values: dict[str, Any] = {}

    def name(self, name: str) -> str:
        place = f"#n{len(self.names)}"
        self.names[place] = name
        return place

    def value(self, value: Value) -> str:
        place = f":v{len(self.values)}"
        self.values[place] = typed(value)
        return place

    def parameters(self) -> dict[str, Any]:
        names = {"ExpressionAttributeNames": self.names} if self.names else {}
        values = {"ExpressionAttributeValues": self.values} if self.values else {}
        return {**names, **values}


def _condition(condition: Condition, places: _Placeholders, now: int) -> str:
    """Return the expression; an item past its time counts as absent though it is still stored."""
    if isinstance(condition, AtMost):
        place = places.name(condition.name)
        return f"(attribute_not_exists({place}) OR {place} <= {places.value(condition.value)})"
    expires, moment = places.name(EXPIRES), places.value(now)
    alive = f"(attribute_not_exists({expires}) OR {expires} > {moment})"
    match condition:
        case Absent():
            return f"(attribute_not_exists({places.name(PARTITION)}) OR {expires} <= {moment})"
        case Exists():
            return f"(attribute_exists({places.name(PARTITION)}) AND {alive})"
        case Equals(name, value):
            return f"({places.name(name)} = {places.value(value)} AND {alive})"


def _conditions(when: Sequence[Condition], places: _Placeholders, now: int) -> dict[str, Any]:
    if not when:
        return {}
    expression = " AND ".join(_condition(condition, places, now) for condition in when)
    return {"ConditionExpression": expression}


def _assignments(update: Update, places: _Placeholders) -> str:
    clauses = {
        "SET": [f"{places.name(n)} = {places.value(v)}" for n, v in update.set.items()],
        "ADD": [f"{places.name(n)} {places.value(v)}" for n, v in update.add.items()],
        "REMOVE": [places.name(name) for name in update.remove],
    }
    return " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses.items() if parts)


def request_of(table: str, write: Write, now: int) -> tuple[str, dict[str, Any]]:
    """Return the name of the operation in a transaction, and its parameters."""
    places = _Placeholders()
    conditions = _conditions(write.when, places, now)
    match write:
        case Put(item):
            name, body = "Put", {"Item": whole_item(item)}
        case Update(key):
            name, body = "Update", {"Key": key_item(key)}
            if assignments := _assignments(write, places):
                body["UpdateExpression"] = assignments  # type: ignore[assignment] # a str
        case Delete(key):
            name, body = "Delete", {"Key": key_item(key)}
        case Check(key):
            name, body = "ConditionCheck", {"Key": key_item(key)}
    return name, {"TableName": table, **body, **conditions, **places.parameters()}
