"""Untrusted YAML text to a ``Document``, strictly and in bounded time and memory.

The tree is built from the parser's events, so there is no resolver, no constructor and no shared
node: an alias, a tag or a merge key cannot do anything, because nothing here gives it a meaning.
This is the only reading of the text; everything later works on its result.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

from chalicelib.devfile.document import Document, Path, Place
from chalicelib.devfile.findings import ProblemCode
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Findings, Review
from chalicelib.devfile.scalars import (
    NumberTooLarge,
    forbidden_character,
    resolved,
    without_forbidden,
)


class Kind(NamedTuple):
    """What a text is meant to be, for what is said of it."""

    name: str
    language: str
    root: str


DEVFILE = Kind("devfile", "YAML", "a mapping that starts with `schemaVersion: 2.3.0`")
DEVCONTAINER = Kind("devcontainer.json", "JSON", "an object that names an `image`")

MAX_BYTES = 64 * 1024
MAX_NODES = 5_000
MAX_DEPTH = 20

_PARSERS = {"c": getattr(yaml, "CSafeLoader", None), "python": yaml.SafeLoader}
_PARSER = _PARSERS["c"] or _PARSERS["python"]
_MERGE = "<<"
_NO_KEY = "?"
"""Stands in paths for a key that is no plain text."""


def load(
    text: str | bytes,
    parser: Any = _PARSER,
    *,
    file: str = "",
    findings: Findings | None = None,
    kind: Kind = DEVFILE,
) -> Review:
    """A review that holds the document and what was found in its YAML.

    ``file`` names an import, what is found in it joins ``findings``.

    Raises ``DevfileRefused`` when there is no tree to look at: too large, no UTF-8, broken syntax,
    too deep, too many nodes, not a mapping. ``parser`` is a PyYAML loader class, used for its events.
    """
    review = Review(Document(file=file), findings)
    source = _decoded(text, review, kind)
    try:
        _Composer(review, kind, yaml.parse(source, Loader=parser)).compose()
    except (yaml.YAMLError, ValueError, OverflowError) as fault:
        # The pure-Python scanner lets ValueError and OverflowError out for impossible escapes.
        review.fatal("yaml-syntax", _explained(fault, kind), _place_of(fault))
    return review


def _decoded(text: str | bytes, review: Review, kind: Kind) -> str:
    """The text as characters, once it is known to be small enough and to hold no control characters."""
    small = text[: MAX_BYTES + 1]
    data = small.encode("utf-8", "surrogatepass") if isinstance(small, str) else small
    if len(data) > MAX_BYTES:
        review.fatal(
            "too-large", f"A {kind.name} has at most {MAX_BYTES // 1024} KiB; this one is larger."
        )
    return _characters(data, review, kind)


def _characters(data: bytes, review: Review, kind: Kind) -> str:
    try:
        source = data.decode("utf-8").removeprefix("\ufeff")
    except UnicodeDecodeError as fault:
        before = data[: fault.start].decode("utf-8")
        review.fatal(
            "not-utf-8", "The text is not UTF-8 from here on.", _place_in(before, len(before))
        )
    forbidden = forbidden_character(source)
    if forbidden:
        message = f"The character {quoted(forbidden[0])} may not stand in a {kind.name}."
        review.fatal("character", message, _place_in(source, forbidden.start()))
    return source


class _Composer:
    """Builds the tree by recursive descent; the depth limit bounds the recursion."""

    def __init__(self, review: Review, kind: Kind, events: Iterator[Any]) -> None:
        self._review = review
        self._kind = kind
        self._document = review.document
        self._events = events
        self._nodes = 0
        self._aliases: set[str] = set()

    def compose(self) -> None:
        """Read the one document of the stream."""
        next(self._events)  # stream start
        start = next(self._events)
        if isinstance(start, yaml.StreamEndEvent):
            self._review.fatal("empty", f"The {self._kind.name} is empty.")
        if start.tags:
            self._problem(
                "yaml-directive", start, (), "`%TAG` directives are not allowed; remove them."
            )
        root = self._node(next(self._events), (), 1)
        if not isinstance(root, dict):
            message = f"A {self._kind.name} is {self._kind.root}."
            self._review.fatal("not-a-mapping", message)
        self._document.tree = root
        next(self._events)  # document end
        following = next(self._events)
        if not isinstance(following, yaml.StreamEndEvent):
            message = "A second document starts here; keep one devfile per file."
            self._problem("yaml-documents", following, (), message)

    def _node(self, event: Any, path: Path, depth: int) -> Any:
        self._count(event, depth)
        self._document.places.setdefault(path, _place(event.start_mark))
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, path)
        if event.anchor is not None:
            self._refused(event, path, "yaml-anchor", f"The anchor `&{event.anchor}`")
        if event.tag is not None:
            self._refused(event, path, "yaml-tag", f"The tag {quoted(event.tag)}")
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path, depth)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._sequence(path, depth)
        return self._scalar(event, path)

    def _alias(self, event: Any, path: Path) -> None:
        """Tell of each alias at its first use; the others go with it."""
        self._document.unread.add(path)
        if event.anchor not in self._aliases:
            self._aliases.add(event.anchor)
            self._refused(event, path, "yaml-alias", f"The alias `*{event.anchor}`")

    def _refused(self, event: Any, path: Path, code: ProblemCode, what: str) -> None:
        self._document.unread.add(path)
        self._problem(
            code, event, path, f"{what} is not allowed in a devfile; write the value out."
        )

    def _mapping(self, path: Path, depth: int) -> dict[str, Any]:
        mapping: dict[str, Any] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, path, depth)
            if key is None:
                self._document.incomplete.add(path)
                self._node(next(self._events), path, depth + 1)
                continue
            inner = (*path, key)
            if key in mapping:
                first = self._document.places[inner].line
                message = f"`{key}` is here for the second time (first on line {first}); keep one of them."
                self._problem("yaml-duplicate-key", event, inner, message)
                self._node(next(self._events), inner, depth + 1)
                continue
            self._document.places[inner] = _place(event.start_mark)
            mapping[key] = self._node(next(self._events), inner, depth + 1)
        return mapping

    def _key(self, event: Any, path: Path, depth: int) -> str | None:
        """The key, or None when it was refused; its event, or its whole node, is consumed."""
        if (
            not isinstance(event, yaml.ScalarEvent)
            or event.anchor is not None
            or event.tag is not None
        ):
            self._node(event, (*path, _NO_KEY), depth + 1)
            self._problem("yaml-key", event, path, "A key is plain text; write it out.")
            return None
        self._count(event, depth)
        if event.implicit[0] and event.value == _MERGE:
            self._problem(
                "yaml-merge-key",
                event,
                path,
                "The merge key `<<` is not allowed; write the members out.",
            )
            return None
        key = self._scalar(event, path)
        if not isinstance(key, str):
            message = f"The key {quoted(event.value)} is not text; put it in quotes."
            self._problem("yaml-key", event, path, message)
            return None
        return key

    def _sequence(self, path: Path, depth: int) -> list[Any]:
        items: list[Any] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, (*path, len(items)), depth + 1))
        return items

    def _scalar(self, event: Any, path: Path) -> Any:
        text: str = event.value
        forbidden = forbidden_character(text)
        if forbidden:
            message = f"The character {quoted(forbidden[0])} may not stand in a {self._kind.name}."
            self._problem("character", event, path, message)
            return without_forbidden(text)
        if not event.implicit[0]:  # in quotes, or a block
            return text
        try:
            return resolved(text)
        except NumberTooLarge:
            message = f"The number {quoted(text)} is too large to be read exactly; put it in quotes if it is text."
            self._problem("yaml-number", event, path, message)
            return 0

    def _count(self, event: Any, depth: int) -> None:
        self._nodes += 1
        if self._nodes > MAX_NODES:
            message = f"A {self._kind.name} has at most {MAX_NODES} values; here is one more."
            self._review.fatal("too-many-nodes", message, _place(event.start_mark))
        if depth > MAX_DEPTH:
            message = f"A {self._kind.name} nests at most {MAX_DEPTH} levels; here is one more."
            self._review.fatal("too-deep", message, _place(event.start_mark))

    def _problem(self, code: ProblemCode, event: Any, path: Path, message: str) -> None:
        self._review.problem(code, path, message, _place(event.start_mark))


def _place(mark: Any) -> Place:
    return Place(mark.line + 1, mark.column + 1)


def _place_in(text: str, offset: int) -> Place:
    return Place(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))


def _place_of(fault: Exception) -> Place:
    mark = getattr(fault, "problem_mark", None)
    return _place(mark) if mark else Place(1, 1)


def _explained(fault: Exception, kind: Kind) -> str:
    problem = getattr(fault, "problem", None) or "an escape sequence has no such character"
    return f"This is not {kind.language}: {problem}."
