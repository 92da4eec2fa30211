"""All items of one organisation, and an item as plain JSON."""

from base64 import b64decode, b64encode
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

from chalicelib.domain.naming import is_id
from chalicelib.ports.store import Item, Key, Store, Value
from chalicelib.records import keys, people
from chalicelib.records.attributes import text
from chalicelib.records.pages import every_item

_MOST = 10**38
"""DynamoDB holds 38 digits."""
_BYTES, _MAPPING = "$bytes", "$map"
"""JSON has no bytes; a mapping that would look like them is wrapped too."""


def every_item_of(store: Store, organisation_id: str) -> Iterator[Item]:
    """Yield the organisation's items in the order in which they may be written.

    Late is what lets somebody in: agents, then the rows by which members are found. Last is what
    the sweep acts upon: a workspace whose agent is not there yet would be taken for deserted.
    """
    own = list(every_item(store, keys.of_organisation(organisation_id), ""))
    agents = [item for item in own if item.key.sort.startswith(keys.AGENTS)]
    for item in own:
        if item.key.sort.startswith(keys.WORKSPACES):
            workspace_id = keys.last_part(item.key.sort)
            yield from every_item(store, keys.of_workspace(organisation_id, workspace_id), "")
    for agent in agents:
        agent_id = keys.last_part(agent.key.sort)
        yield from _lasting(every_item(store, keys.of_agent(organisation_id, agent_id), ""))
    yield from every_item(store, keys.of_audit(organisation_id), "")
    yield from _lasting(item for item in own if item not in agents)
    yield from _of(organisation_id, every_item(store, keys.AUDIT_HEADS, ""))
    yield from agents
    for partition in (keys.IDENTITIES, keys.DUES, keys.DRAINS):
        yield from _of(organisation_id, every_item(store, partition, ""))


def belongs(item: Item, organisation_id: str) -> bool:
    """Whether an item is of this organisation. A row of the instance has to be well-formed, too: the
    sweep reads those of all organisations."""
    partition, sort = item.key.partition, item.key.sort
    own = keys.of_organisation(organisation_id)
    if partition == own or partition.startswith(f"{own}#"):
        return True
    try:
        if partition == keys.IDENTITIES:
            return text(item.attributes, "organisation") == organisation_id
        if partition == keys.DUES:
            _, org, agent_id, workspace_id = keys.due_parts(sort)
            return org == organisation_id and is_id("ag", agent_id) and is_id("ws", workspace_id)
        if partition == keys.DRAINS:
            org, agent_id = keys.drain_parts(sort)
            return org == organisation_id and is_id("ag", agent_id)
        if partition == keys.AUDIT_HEADS:
            return keys.audit_head_parts(sort)[0] == organisation_id
    except (ValueError, TypeError):
        return False
    return False


def identity_of(item: Item, organisation_id: str) -> Key | None:
    """Return the key of the row that finds a member, of the member's own item; None of any other.

    Raises TypeError for a member's item that is none.
    """
    own = keys.of_organisation(organisation_id)
    if item.key.partition != own or not item.key.sort.startswith(keys.MEMBERS):
        return None
    member = people.from_item(item, organisation_id)
    return keys.identity(member.issuer, member.subject)


def is_identity(item: Item) -> bool:
    """Whether an item is a row that finds a member."""
    return item.key.partition == keys.IDENTITIES


def is_same(stored: Item | None, item: Item) -> bool:
    """Whether what is stored is the item, but for the checkpoint that an audit record got meanwhile."""
    if stored is None or stored.key != item.key or stored.expires != item.expires:
        return False
    passing = {"checkpoint"} if item.key.sort.startswith(keys.AUDIT_RECORDS) else set()
    return all(
        stored.attributes.get(name) == item.attributes.get(name)
        for name in (stored.attributes.keys() | item.attributes.keys()) - passing
    )


def is_agent(item: Item, organisation_id: str) -> bool:
    """Whether an item is the record of an agent."""
    return item.key.partition == keys.of_organisation(organisation_id) and item.key.sort.startswith(
        keys.AGENTS
    )


def sealed_in(items: Iterable[Item]) -> tuple[str, list[Item]]:
    """Return a workspace and its sealed variables, of items in order; nothing where none has any."""
    for partition, group in groupby(items, key=lambda item: item.key.partition):
        chunks = [item for item in group if item.key.sort.startswith(keys.SEALED)]
        if chunks:
            return keys.last_part(partition), chunks
    return "", []


def plain(item: Item) -> dict[str, Any]:
    """Return an item as JSON writes it."""
    found: dict[str, Any] = {
        "key": [item.key.partition, item.key.sort],
        "attributes": {name: _plain(value) for name, value in item.attributes.items()},
    }
    return found if item.expires is None else {**found, "expires": item.expires}


def item_of(written: object) -> Item:
    """Return what ``plain`` wrote. Raises ValueError for anything else."""
    match written:
        case {"key": [str(partition), str(sort)], "attributes": dict(attributes), **rest}:
            expires = rest.pop("expires", None)
            if not rest and (expires is None or type(expires) is int):
                values = {str(name): _value(value) for name, value in attributes.items()}
                return Item(Key(partition, sort), values, expires)
        case _:
            pass
    raise ValueError("no item: key (two texts), attributes and perhaps expires are expected")


def _lasting(items: Iterable[Item]) -> Iterator[Item]:
    return (item for item in items if not item.key.sort.startswith(keys.SHORT_LIVED))


def _of(organisation_id: str, items: Iterable[Item]) -> Iterator[Item]:
    return (item for item in items if belongs(item, organisation_id))


def _plain(value: Value) -> object:
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    if isinstance(value, list):
        return [_plain(each) for each in value]
    if isinstance(value, dict):
        held = {name: _plain(each) for name, each in value.items()}
        return {_MAPPING: held} if held.keys() <= {_BYTES, _MAPPING} and held else held
    return value


def _value(written: Any) -> Value:
    match written:
        case {"$bytes": str(encoded)} if len(written) == 1:
            return b64decode(encoded, validate=True)
        case {"$map": dict(held)} if len(written) == 1:
            return {str(name): _value(each) for name, each in held.items()}
        case dict():
            return {str(name): _value(each) for name, each in written.items()}
        case list():
            return [_value(each) for each in written]
        case int() if abs(written) >= _MOST:
            raise ValueError("a number of more digits than the store holds")
        case str() | bool() | int() | None:
            return written
        case _:
            raise ValueError(f"no value of an item: {type(written).__name__}")
