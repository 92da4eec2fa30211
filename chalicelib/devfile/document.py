"""The tree of a devfile with the place of every node, and typed views on it that never fail."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from chalicelib.devfile.quoting import quoted

Path = tuple[str | int, ...]


class Place(NamedTuple):
    """A place in the text, both counted from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Document:
    """What the YAML said. Mappings have string keys; scalars are those of JSON."""

    tree: dict[str, Any] = field(default_factory=dict)
    places: dict[Path, Place] = field(default_factory=dict)
    """Of a member of a mapping the place of its key, of an item of a list that of the item."""
    unread: set[Path] = field(default_factory=set)
    """Nodes that were refused as YAML; what they hold is not judged any further."""
    incomplete: set[Path] = field(default_factory=set)
    """Mappings that lost a key that was refused as YAML; nothing is said to be missing there."""
    file: str = ""
    """The name of an imported file; empty for the devfile that was asked about."""
    origins: dict[Path, "Origin"] = field(default_factory=dict)
    """Of a tree woven from several documents: where a node, and what is below it, came from."""

    def place(self, path: Path) -> Place:
        """The place of ``path``, or of the nearest node around it."""
        while path not in self.places and path:
            path = path[:-1]
        return self.places.get(path, Place(1, 1))

    def source(self, path: Path) -> "Origin":
        """The document in which ``path`` was written, and its path there."""
        for length in range(len(path), -1, -1) if self.origins else ():
            if origin := self.origins.get(path[:length]):
                return origin.document.source((*origin.path, *path[length:]))
        return Origin(self, path)


class Origin(NamedTuple):
    """A node of a document."""

    document: Document
    path: Path


def dotted(path: Path) -> str:
    """``components[0].container.image``; keys that are no plain words are quoted."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step.replace("-", "").replace("_", "").isalnum() and len(step) <= 64:
            text += f".{step}" if text else step
        else:
            text += f"[{step[:64]!r}]"
    return text


@dataclass(frozen=True, slots=True)
class View:
    """A node and its path. Members of the wrong type look absent: the schema has reported them."""

    value: Any
    path: Path = ()

    def has(self, key: str) -> bool:
        """Whether the mapping has the member ``key``."""
        return isinstance(self.value, dict) and key in self.value

    def member(self, key: str) -> "View":
        """The member ``key``; its value is None when absent."""
        return View(
            self.value.get(key) if isinstance(self.value, dict) else None, (*self.path, key)
        )

    def text(self, key: str) -> str:
        """The text ``key``; empty when absent."""
        value = self.member(key).value
        return value if isinstance(value, str) else ""

    def flag(self, key: str, *, default: bool = False) -> bool:
        """The boolean ``key``."""
        value = self.member(key).value
        return value if isinstance(value, bool) else default

    def items(self, key: str) -> tuple["View", ...]:
        """The items of the list ``key``."""
        value = self.member(key).value
        if not isinstance(value, list):
            return ()
        return tuple(View(item, (*self.path, key, index)) for index, item in enumerate(value))

    def texts(self, key: str) -> tuple[str, ...]:
        """The texts in the list ``key``."""
        return tuple(item.value for item in self.items(key) if isinstance(item.value, str))

    def members(self) -> Iterator[tuple[str, "View"]]:
        """The members of the mapping, in document order."""
        if isinstance(self.value, dict):
            for key, value in self.value.items():
                yield key, View(value, (*self.path, key))

    @property
    def name(self) -> str:
        """How to speak of an item of a list: by its name or id, else by its place in the list."""
        identifier = self.text("name") or self.text("id")
        return quoted(identifier) if identifier else f"number {int(self.path[-1]) + 1}"
