"""Taking an organisation out of one installation and into another, as lines of plain JSON.

The first line says what follows, the last one how much it was: a file that lacks its end, or was
changed, is not taken in. What is sealed stays sealed: a master key that opens it has to be there.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from chalicelib.domain.naming import is_id
from chalicelib.ports.bundle import Ports
from chalicelib.ports.keys import KeyRefused
from chalicelib.ports.sealing import SealBroken
from chalicelib.ports.store import Absent, ConditionFailed, Item, Key, Put
from chalicelib.records import agents, organisations, people, portable, sealed
from chalicelib.usecases.agents.restore import era_after_restore
from chalicelib.usecases.variables.sealing import open_sealed

KIND, FORMAT = "berth-organisation", 1
_BATCH = 25
"""Items in one write. Few are larger than 4 KB; a transaction of DynamoDB takes 4 MB."""
_LARGE = 128 * 1024
"""Bytes of a line whose item is written alone."""

Reading: TypeAlias = Callable[[], Iterable[str]]
"""Begins to read the lines anew."""


class ChangedMeanwhile(Exception):
    """Two readings of the organisation differ: what was written is of no use."""


class Unusable(Exception):
    """A file that cannot be taken in; nothing of it was."""


class Taken(Exception):
    """Something else is stored where an item belongs: it stays as it is."""


@dataclass(frozen=True, slots=True)
class Contents:
    """What a file holds, all of it checked."""

    organisation_id: str
    name: str
    items: int


def export_organisation(ports: Ports, organisation_id: str) -> Iterator[str]:
    """Yield the lines. Raises LookupError for no such organisation, ChangedMeanwhile at the end."""
    organisation = organisations.load(ports.store, organisation_id)
    header = {
        "kind": KIND,
        "format": FORMAT,
        "organisation": organisation_id,
        "name": organisation.name,
        "at": int(ports.clock.now()),
    }
    before = _Total()
    for line in _lines(ports, organisation_id):
        before.add(line)
    yield _line(header)
    written = _Total()
    for line in _lines(ports, organisation_id):
        written.add(line)
        yield line
    if written.line() != before.line():
        raise ChangedMeanwhile(f"{organisation_id} was changed while it was read")
    yield written.line()


def import_organisation(ports: Ports, reading: Reading) -> Contents:
    """Take in what was exported. Agents report before they obey, as after a restore.

    What is there already and equal is passed over, so that an import that broke off can be run
    again. Raises Unusable before anything is written, and Taken, which names the item.
    """
    contents = check_export(reading())
    org = contents.organisation_id
    _see_that_it_opens(ports, org, reading)
    batch: list[Item] = []
    for item, size in _items(reading()):
        is_agent, is_large = portable.is_agent(item, org), size > _LARGE
        if is_agent or is_large or len(batch) == _BATCH:
            _put(ports, batch)
            batch = []
        if is_agent:
            _put_agent(ports, item, org)
        elif is_large:
            _put(ports, [item])
        else:
            batch.append(item)
    _put(ports, batch)
    if not people.is_bootstrapped(ports.store):  # the bootstrap code makes no owner here any more
        ports.store.write(people.bootstrapped(ports.clock.now(), org))
    return contents


def check_export(lines: Iterable[str]) -> Contents:
    """Read an export to its end. Raises Unusable, which names the line."""
    read = iter(lines)
    match _read(next(read, ""), 1):
        case {"kind": kind, "format": 1, "organisation": str(org), "name": str(name)}:
            if kind != KIND:
                raise Unusable(f"line 1: a {kind}, not a {KIND}")
        case _:
            raise Unusable(f"line 1: no {KIND} in format {FORMAT}")
    if not is_id("org", org):
        raise Unusable("line 1: no id of an organisation")
    total, checked = _Total(), _Checked(org)
    for number, line in enumerate(read, 2):
        found = _read(line, number)
        if "items" in found:
            if line != total.line() or next(read, None) is not None:
                raise Unusable(f"line {number}: the items are not those that were exported")
            return Contents(org, name, total.count)
        total.add(line)
        try:
            checked.add(found)
        except (ValueError, TypeError, RecursionError) as wrong:
            raise Unusable(f"line {number}: {wrong}") from wrong
    raise Unusable("the last line is missing: the export was not finished")


class _Total:
    """How many lines there were, and what they said."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, line: str) -> None:
        self.count += 1
        self._digest.update(line.encode())

    def line(self) -> str:
        return _line({"items": self.count, "sha256": self._digest.hexdigest()})


class _Checked:
    """Items one after the other, each of which has to be the organisation's, and to be read later."""

    def __init__(self, organisation_id: str) -> None:
        self._organisation_id = organisation_id
        self._members: set[Key] = set()

    def add(self, found: dict[str, Any]) -> None:
        """Raises ValueError or TypeError, in words for whoever has the file."""
        json.dumps(found, ensure_ascii=False).encode()  # half a character has no bytes
        item, org = portable.item_of(found), self._organisation_id
        if not portable.belongs(item, org):
            raise ValueError(f"an item that is not of {org}")
        if portable.is_agent(item, org):
            agents.from_item(item, org)
        if (member := portable.identity_of(item, org)) is not None:
            self._members.add(member)
        if portable.is_identity(item) and item.key not in self._members:
            raise ValueError("a person who is no member in this file")


def _read(line: str, number: int) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError) as wrong:
        raise Unusable(f"line {number}: no JSON: {wrong}") from wrong
    if not isinstance(found, dict):
        raise Unusable(f"line {number}: no JSON object")
    return found


def _items(lines: Iterable[str]) -> Iterator[tuple[Item, int]]:
    """Yield the items of an export that was checked, each with the bytes of its line."""
    read = iter(lines)
    next(read)  # the header
    held = next(read)
    for line in read:
        yield portable.item_of(json.loads(held)), len(held.encode())
        held = line


def _see_that_it_opens(ports: Ports, organisation_id: str, reading: Reading) -> None:
    """Raise Unusable when the installation's master key does not open what is sealed."""
    workspace_id, chunks = portable.sealed_in(item for item, _ in _items(reading()))
    if not chunks:
        return
    owned = (organisation_id, workspace_id)
    try:
        open_sealed(ports.sealer, owned, sealed.sealed_of(chunks))
    except (KeyRefused, SealBroken) as refused:
        raise Unusable(
            f"the master key of this installation does not open the variables of {workspace_id}:"
            " it has to be the key that sealed them, or a replica of it"
        ) from refused


def _put(ports: Ports, items: Sequence[Item]) -> None:
    """Write items where there are none. Raises Taken."""
    if not items:
        return
    try:
        ports.store.transact([Put(item, when=[Absent()]) for item in items])
    except ConditionFailed:
        for item in items:
            _put_one(ports, item)


def _put_one(ports: Ports, item: Item) -> None:
    try:
        ports.store.write(Put(item, when=[Absent()]))
    except ConditionFailed as failed:
        if not portable.is_same(ports.store.get(item.key), item):
            raise Taken(f"{item.key.partition} {item.key.sort} is there, and another") from failed


def _put_agent(ports: Ports, item: Item, organisation_id: str) -> None:
    """Write an agent, which reports before it obeys; one that is there is passed over."""
    if ports.store.get(item.key) is not None:
        return
    epoch, record = era_after_restore(ports, agents.from_item(item, organisation_id))
    ports.store.transact([agents.put_restored(item, epoch), *record])


def _lines(ports: Ports, organisation_id: str) -> Iterator[str]:
    for item in portable.every_item_of(ports.store, organisation_id):
        yield _line(portable.plain(item))


def _line(content: dict[str, Any]) -> str:
    return json.dumps(content, sort_keys=True, ensure_ascii=False) + "\n"
