"""Overriding what a parent or a plugin brings (devfile.io, "Referring to a parent devfile").

A strategic merge: lists of named elements are merged element by element, other lists and single
attributes are replaced whole, and an element that changes its kind loses the kind it had.
"""

from collections.abc import Iterator
from typing import Any

from chalicelib.devfile.document import Document, Path
from chalicelib.devfile.imports.pieces import Piece, Weaver
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

IDENTITIES = {
    "components": "name",
    "commands": "id",
    "projects": "name",
    "starterProjects": "name",
    "dependentProjects": "name",
}
"""The lists of a devfile, and what tells their elements apart."""
NAMED = ("variables", "attributes")
"""The mappings of a devfile whose members are elements of their own."""

_KEYED = {**IDENTITIES, "env": "name", "endpoints": "name", "volumeMounts": "name"}
_UNIONS = ("variables", "remotes", "annotation")
_KINDS = (
    frozenset({"container", "kubernetes", "openshift", "image", "volume", "plugin", "custom"}),
    frozenset({"exec", "apply", "composite", "vscodeLaunch", "vscodeTask", "custom"}),
    frozenset({"git", "github", "zip", "custom"}),
    frozenset({"uri", "inlined"}),
    frozenset({"uri", "git", "devfileRegistry"}),
    frozenset({"uri", "id", "kubernetes"}),
)
"""Of each of these, a mapping has one member."""


def overridden(base: Document, patch: Piece, review: Review) -> Document:
    """``base``, flattened already, with what ``patch`` (a parent or a plugin) says otherwise.

    An element that ``base`` does not have is a problem of the patch. Values that are empty texts,
    empty lists or null change nothing; ``false`` does.
    """
    check_known(Piece.whole(base), patch, review)
    overriding = _Overriding()
    sections = {
        key: value
        for key, value in patch.value.items()
        if (key in IDENTITIES or key in NAMED) and key in base.tree
    }
    root = Piece(patch.document, sections, patch.path)
    overriding.document.tree = overriding.mapping(Piece.whole(base), root, ())
    return overriding.document


def check_known(base: Piece, patch: Piece, review: Review) -> None:
    """Report what ``patch`` overrides although it is not there."""
    known = {(section, name) for _, section, name in _elements(base)}
    for piece, owner, name in _elements(patch):
        if name and (owner, name) not in known:
            message = (
                f"There is no {quoted(name)} among the imported `{owner}` to override; an element"
                " of this devfile's own stands outside."
            )
            review.of(piece.document).problem("override-unknown", piece.path, message)


def _elements(root: Piece) -> Iterator[tuple[Piece, str, str]]:
    for section, identity in IDENTITIES.items():
        for item in root.member(section).items():
            yield item, section, item.identity(identity)
    for section in NAMED:
        for name, member in root.member(section).members():
            yield member, section, name


class _Overriding(Weaver):
    def mapping(self, base: Piece, patch: Piece, at: Path) -> dict[str, Any]:
        """Both mappings, without the kinds of ``base`` that ``patch`` changes."""
        self.keep(base, at)
        gone = {
            other
            for key in patch.value
            for kinds in _KINDS
            if key in kinds
            for other in kinds - {key}
        }
        result: dict[str, Any] = {}
        for key, member in base.members():
            if key in gone:
                continue
            over = patch.member(key)
            result[key] = (
                self.take(member, (*at, key))
                if is_void(over.value)
                else self._both(key, member, over, (*at, key))
            )
        for key, member in patch.members():
            if key not in base.value and not is_void(member.value):
                result[key] = self.take(member, (*at, key))
        return result

    def _both(self, key: str, base: Piece, patch: Piece, at: Path) -> Any:
        if isinstance(base.value, dict) and isinstance(patch.value, dict):
            if key == "attributes":
                return self._union(base, patch, at, deep=False)
            if key in _UNIONS:
                return self._union(base, patch, at, deep=True)
            return self.mapping(base, patch, at)
        identity = _KEYED.get(key)
        are_keyed = identity and all(
            isinstance(item.value, dict) for piece in (base, patch) for item in piece.items()
        )
        if identity and are_keyed and isinstance(base.value, list):
            return self._keyed(base, patch, at, identity)
        return self.take(patch, at)

    def _union(self, base: Piece, patch: Piece, at: Path, *, deep: bool) -> dict[str, Any]:
        """All members of both; of those in both the ones of ``patch``."""
        self.keep(base, at)
        result = {key: self.take(member, (*at, key)) for key, member in base.members()}
        for key, member in patch.members():
            both = base.member(key)
            if deep and isinstance(both.value, dict) and isinstance(member.value, dict):
                result[key] = self._union(both, member, (*at, key), deep=True)
            else:
                result[key] = self.take(member, (*at, key))
        return result

    def _keyed(self, base: Piece, patch: Piece, at: Path, identity: str) -> list[Any]:
        """Overridden elements in the patch's order; each other one as soon as it stood before the next of those."""
        self.keep(base, at)
        before = {item.identity(identity): place for place, item in enumerate(base.items())}
        originals = {item.identity(identity): item for item in base.items()}
        over = list(patch.items())
        names = {item.identity(identity) for item in over}
        untouched = [item for item in base.items() if item.identity(identity) not in names]
        result: list[Any] = []
        for item in over:
            name = item.identity(identity)
            while untouched and before[untouched[0].identity(identity)] < before.get(name, -1):
                result.append(self.take(untouched.pop(0), (*at, len(result))))
            where = (*at, len(result))
            original = originals.get(name)
            result.append(
                self.mapping(original, item, where) if original else self.take(item, where)
            )
        return [*result, *self._rest(untouched, at, len(result))]

    def _rest(self, pieces: list[Piece], at: Path, start: int) -> list[Any]:
        return [self.take(piece, (*at, start + index)) for index, piece in enumerate(pieces)]


def is_void(value: Any) -> bool:
    """Whether an override with this value changes nothing."""
    return value is None or value in ("", [])
