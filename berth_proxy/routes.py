"""Which workspace sits in which slot of HAProxy, and what must change for it to be so.

A slot is a pre-declared server of a bucket backend (``b7/s3``): servers are never added or
deleted, which crashes HAProxy; buckets are small, because choosing a server scans its backend.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

Label: TypeAlias = str
"""``<port>-<workspace id>``: the key of the route map."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """A workspace that is to be reached: its Service's address, and its endpoints' exposures by port."""

    workspace_id: str
    address: str
    exposures: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class Slot:
    """A server of a bucket."""

    bucket: int
    server: int

    @property
    def path(self) -> str:
        """As HAProxy's commands name it."""
        return f"b{self.bucket}/s{self.server}"


@dataclass(frozen=True, slots=True)
class Layout:
    """How many buckets there are and how many slots each has."""

    buckets: int = 256
    slots: int = 20

    def all(self) -> Iterable[Slot]:
        """Every slot, so that buckets fill evenly."""
        return (Slot(b, s) for s in range(1, self.slots + 1) for b in range(self.buckets))


class Full(Exception):
    """More workspaces are to be reached than there are slots."""


@dataclass(frozen=True, slots=True)
class Occupied:
    """A slot in use."""

    slot: Slot
    wanted: Wanted


@dataclass(slots=True)
class RouteTable:
    """The wanted routes and their slots. Each method returns the commands that make HAProxy follow."""

    map_file: str
    layout: Layout = field(default_factory=Layout)
    _used: dict[str, Occupied] = field(default_factory=dict)
    _free: list[Slot] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._free = list(self.layout.all())[::-1]

    def slot_of(self, workspace_id: str) -> Slot | None:
        """Return the slot of a routed workspace."""
        used = self._used.get(workspace_id)
        return None if used is None else used.slot

    def put(self, wanted: Wanted) -> list[str]:
        """Route to a workspace, or route it anew where its address or endpoints changed."""
        used = self._used.get(wanted.workspace_id)
        if used is not None and used.wanted == wanted:
            return []
        if used is None:
            return self._start(wanted)
        self._used[wanted.workspace_id] = Occupied(used.slot, wanted)
        commands = self._map_changes(used, wanted)
        if used.wanted.address != wanted.address:
            # Never "set server ... port": it ends port mapping for good.
            commands.append(f"set server {used.slot.path} addr {wanted.address}")
            commands.append(f"shutdown sessions server {used.slot.path}")
        return commands

    def remove(self, workspace_id: str) -> list[str]:
        """Route to a workspace no more and cut what is open."""
        used = self._used.pop(workspace_id, None)
        if used is None:
            return []
        self._free.insert(0, used.slot)
        return [
            *(
                f"del map {self.map_file} {port}-{workspace_id}"
                for port, _ in used.wanted.exposures
            ),
            f"set server {used.slot.path} state maint",
            f"shutdown sessions server {used.slot.path}",
        ]

    def everything(self) -> list[str]:
        """Return the commands that bring a HAProxy that knows nothing to this table."""
        commands = [f"clear map {self.map_file}"]
        for used in self._used.values():
            commands += self._open(used)
        return commands

    def map_lines(self) -> Mapping[Label, str]:
        """Return what the route map holds."""
        return {
            f"{port}-{workspace_id}": _value(used.slot, exposure)
            for workspace_id, used in self._used.items()
            for port, exposure in used.wanted.exposures
        }

    def addresses(self) -> Mapping[str, str]:
        """Return where each slot in use leads."""
        return {used.slot.path: used.wanted.address for used in self._used.values()}

    def unused(self) -> Iterable[str]:
        """Return the slots that must lead nowhere."""
        return (slot.path for slot in self._free)

    def _start(self, wanted: Wanted) -> list[str]:
        if not self._free:
            raise Full(f"all {self.layout.buckets * self.layout.slots} slots are in use")
        used = Occupied(self._free.pop(), wanted)
        self._used[wanted.workspace_id] = used
        return self._open(used)

    def _open(self, used: Occupied) -> list[str]:
        return [
            f"set server {used.slot.path} addr {used.wanted.address}",
            f"set server {used.slot.path} state ready",
            *(
                f"add map {self.map_file} {port}-{used.wanted.workspace_id} {_value(used.slot, exposure)}"
                for port, exposure in used.wanted.exposures
            ),
        ]

    def _map_changes(self, used: Occupied, wanted: Wanted) -> list[str]:
        before, after = dict(used.wanted.exposures), dict(wanted.exposures)
        commands = [
            f"del map {self.map_file} {port}-{wanted.workspace_id}"
            for port in before.keys() - after.keys()
        ]
        for port, exposure in after.items():
            verb = "set" if port in before else "add"
            if before.get(port) != exposure:
                value = _value(used.slot, exposure)
                commands.append(f"{verb} map {self.map_file} {port}-{wanted.workspace_id} {value}")
        return commands


def _value(slot: Slot, exposure: str) -> str:
    """Return the value in the route map: backend, server, exposure."""
    return f"{slot.path}/{exposure}"
