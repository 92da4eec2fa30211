"""Weaving trees: a piece is a node together with the document that it was written in."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chalicelib.devfile.document import Document, Origin, Path


@dataclass(frozen=True, slots=True)
class Piece:
    """A node of a document. Members and items that are missing, or of another type, are empty."""

    document: Document
    value: Any
    path: Path = ()

    @classmethod
    def whole(cls, document: Document) -> "Piece":
        """The root of a document."""
        return cls(document, document.tree)

    def member(self, key: str) -> "Piece":
        """The member ``key``."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return Piece(self.document, value, (*self.path, key))

    def members(self) -> Iterator[tuple[str, "Piece"]]:
        """The members of a mapping."""
        if isinstance(self.value, dict):
            yield from ((key, self.member(key)) for key in self.value)

    def items(self) -> Iterator["Piece"]:
        """The items of a list."""
        if isinstance(self.value, list):
            for index, item in enumerate(self.value):
                yield Piece(self.document, item, (*self.path, index))

    def identity(self, key: str) -> str:
        """The name or id of an item of a keyed list; empty when it has none."""
        value = self.value.get(key) if isinstance(self.value, dict) else None
        return value if isinstance(value, str) else ""


class Weaver:
    """Makes one document of pieces of others, and remembers of each where it came from."""

    def __init__(self) -> None:
        self.document = Document()

    def take(self, piece: Piece, at: Path) -> Any:
        """The value of ``piece``, which from now on stands at ``at``."""
        self.keep(piece, at)
        return piece.value

    def keep(self, piece: Piece, at: Path) -> None:
        """What is at ``at`` counts as written at ``piece``, where nothing below says otherwise."""
        self.document.origins[at] = Origin(piece.document, piece.path)
