"""Putting a devfile, its parent and its plugins together once each is flattened and overridden."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chalicelib.devfile.document import Document
from chalicelib.devfile.imports.override import IDENTITIES, NAMED
from chalicelib.devfile.imports.pieces import Piece, Weaver
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

EVENTS = ("preStart", "postStart", "preStop", "postStop")


@dataclass(frozen=True, slots=True)
class Part:
    """A document to be merged; ``title`` says what it is to the one that imports it."""

    title: str
    document: Document


def merged(main: Document, imports: Sequence[Part], review: Review) -> Document:
    """``main`` with the elements of ``imports`` (parent, then plugins in their order) before its own.

    An element that two of them have is a problem: only the one that imports may change it, by
    overriding it. Events are joined, each command once.
    """
    weaver = Weaver()
    parts = [*imports, Part("this devfile", main)]
    roots = [Piece.whole(part.document) for part in parts]
    own = roots[-1]
    weaver.keep(own, ())
    tree: dict[str, Any] = {
        key: weaver.take(member, (key,)) for key, member in own.members() if key != "parent"
    }
    for section, identity in IDENTITIES.items():
        if any(section in root.value for root in roots):
            _keep_nearest(weaver, section, roots)
            tree[section] = _listed(weaver, section, identity, roots)
            _check_list(parts, roots, (section, identity), review)
    for section in NAMED:
        if any(section in root.value for root in roots):
            _keep_nearest(weaver, section, roots)
            tree[section] = _named(weaver, section, roots)
            _check_names(parts, roots, section, review)
    if any("events" in root.value for root in roots):
        tree["events"] = _events(weaver, roots)
    weaver.document.tree = tree
    return weaver.document


def _keep_nearest(weaver: Weaver, section: str, roots: Sequence[Piece]) -> None:
    """What is said about a section as a whole is said where it stands last: nearest to the reader."""
    nearest = next(root for root in reversed(roots) if section in root.value)
    weaver.keep(nearest.member(section), (section,))


def _items(root: Piece, section: str) -> list[Piece]:
    """The elements of a list; plugins stand for what they brought."""
    return [item for item in root.member(section).items() if "plugin" not in item.value]


def _listed(weaver: Weaver, section: str, identity: str, roots: Sequence[Piece]) -> list[Any]:
    first: dict[str, Piece] = {}
    pieces: list[Piece] = []
    for root in roots:
        own = [item for item in _items(root, section) if item.identity(identity) not in first]
        first |= {item.identity(identity): item for item in own}
        pieces += own
    return [weaver.take(piece, (section, index)) for index, piece in enumerate(pieces)]


def _named(weaver: Weaver, section: str, roots: Sequence[Piece]) -> dict[str, Any]:
    return {
        name: weaver.take(member, (section, name))
        for root in roots
        for name, member in root.member(section).members()
    }


def _events(weaver: Weaver, roots: Sequence[Piece]) -> dict[str, Any]:
    events: dict[str, Any] = {}
    for event in EVENTS:
        found: dict[str, None] = {}
        for root in roots:
            for entry in root.member("events").member(event).items():
                if entry.value not in found:
                    weaver.keep(entry, ("events", event, len(found)))
                    found[entry.value] = None
        if found:
            events[event] = list(found)
    return events


def _check_list(
    parts: Sequence[Part], roots: Sequence[Piece], kind: tuple[str, str], review: Review
) -> None:
    section, identity = kind
    owners: dict[str, Part] = {}
    for part, root in zip(parts, roots, strict=True):
        names = {item.identity(identity): item for item in reversed(_items(root, section))}
        _tell(part, names, section, owners, review)


def _check_names(
    parts: Sequence[Part], roots: Sequence[Piece], section: str, review: Review
) -> None:
    owners: dict[str, Part] = {}
    for part, root in zip(parts, roots, strict=True):
        _tell(part, dict(root.member(section).members()), section, owners, review)


def _tell(
    part: Part, names: dict[str, Piece], section: str, owners: dict[str, Part], review: Review
) -> None:
    for name, piece in names.items():
        first = owners.setdefault(name, part)
        if first is not part and name:
            message = (
                f"{quoted(name)} of `{section}` is in {first.title} already; to change it, override"
                " it where that is imported, else choose another name."
            )
            review.of(piece.document).problem("merge-conflict", piece.path, message)
