"""The files of an image, as whoever runs a workspace sees them: any user id, group 0, no rights beyond."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntFlag
from typing import Literal

_MOST_LINKS = 40


class Access(IntFlag):
    """The bits of a mode, for one of its three classes."""

    EXECUTE = 1
    WRITE = 2
    READ = 4


@dataclass(frozen=True, slots=True)
class Entry:
    """A file, folder or link; everything else counts as a file."""

    kind: Literal["file", "folder", "link"]
    mode: int
    group: int = 0
    target: str = ""
    """Of a link."""
    content: bytes = field(default=b"", repr=False)
    """Of the few files that are looked into."""

    def allows(self, access: Access) -> bool:
        """Whether a user of group 0 who does not own it may do this."""
        bits = self.mode >> 3 if self.group == 0 else self.mode
        return bits & access == access


_ROOT = Entry("folder", 0o755)


class Tree:
    """Entries by their path without a slash in front, such as ``usr/bin/env``."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}
        self._names: dict[str, set[str]] = {}
        """Of each folder what is in it, so that a whole one can be removed at once."""

    def put(self, path: str, entry: Entry) -> None:
        """Let the entry be at the path; what a folder held stays in it."""
        if entry.kind != "folder":
            self.clear(path)
        self._entries[path] = entry
        self._names.setdefault(_parent(path), set()).add(path)

    def remove(self, path: str) -> None:
        """Let nothing be at the path."""
        self.clear(path)
        self._entries.pop(path, None)
        self._names.get(_parent(path), set()).discard(path)

    def clear(self, path: str) -> None:
        """Let the folder be empty."""
        for inner in list(self._names.pop(path, ())):
            self.remove(inner)

    def __iter__(self) -> Iterator[tuple[str, Entry]]:
        return iter(self._entries.items())

    def at(self, path: str) -> Entry | None:
        """Return what is at the path itself, a link not followed."""
        return self._entries.get(path.strip("/"))

    def find(self, path: str) -> Entry | None:
        """Return what a path leads to, links followed; None where that is nothing."""
        place = self._resolved(path)
        return None if place is None else self._entry(place)

    def may(self, access: Access, path: str) -> bool:
        """Whether the user of a workspace can reach what is at the path, and do this with it."""
        place = self._resolved(path)
        if place is None:
            return False
        steps = place.split("/")
        around = ["/".join(steps[:count]) for count in range(len(steps))]
        found = self._entry(place)
        reaches = all(self._entry(each).allows(Access.EXECUTE) for each in around if each)
        return reaches and found.allows(access)

    def _entry(self, place: str) -> Entry:
        return self._entries.get(place, _ROOT)  # a layer may leave out the folders above its files

    def _resolved(self, path: str) -> str | None:
        steps, place, links = path.strip("/").split("/")[::-1], "", 0
        while steps:
            step = steps.pop()
            if step in ("", "."):
                continue
            if step == "..":
                place = _parent(place)
                continue
            inner = f"{place}/{step}" if place else step
            entry = self._entries.get(inner)
            if entry is not None and entry.kind == "link":
                links += 1
                if links > _MOST_LINKS:
                    return None
                place = "" if entry.target.startswith("/") else place
                steps += entry.target.strip("/").split("/")[::-1]
                continue
            if entry is None and inner not in self._names:
                return None
            place = inner
        return place


def _parent(path: str) -> str:
    return path.rpartition("/")[0]
