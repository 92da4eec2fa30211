"""Judges of single steps on trees: overriding, merging, replacing variables, flattening."""

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from chalicelib.devfile import (
    Imported,
    ImportMissing,
    ImportRefused,
    Reference,
    RegistryEntry,
    TreeFile,
    written,
)
from chalicelib.devfile.document import Document, View
from chalicelib.devfile.imports.flatten import Flattening, Source
from chalicelib.devfile.imports.merge import Part, merged
from chalicelib.devfile.imports.override import overridden
from chalicelib.devfile.imports.pieces import Piece
from chalicelib.devfile.review import Review
from chalicelib.devfile.variables import substituted
from tests.corpus.cases import Answer, Case, compared, document

IMPORTED_BY = "controller.devfile.io/imported-by"


def by_override(case: Case) -> Answer:
    """``original`` overridden by ``patch``."""
    inputs = case.inputs()
    patch = inputs["patch"]
    review = Review(patch)
    result = overridden(inputs["original"], Piece.whole(patch), review)
    review.refuse_if_problems()
    return compared(result.tree, case.tree(case.entry["expected"]))


def by_merge(case: Case) -> Answer:
    """``main`` with ``parent`` and ``plugin``; a lone plugin also in the place of a parent."""
    inputs = case.inputs()
    parts = [Part(name, inputs[name]) for name in ("parent", "plugin") if name in inputs]
    review = Review(inputs["main"])
    result = merged(inputs["main"], parts, review)
    review.refuse_if_problems()
    return compared(result.tree, case.tree(case.entry["expected"]))


def by_variables(case: Case) -> Answer:
    """The tree after substitution, and the unknown names of each element."""
    (source,) = case.inputs().values()
    review = Review(source)
    result = substituted(View(source.tree), review)
    found = {"tree": result.value, "unknown": _unknown(review)}
    expected = {
        "tree": case.tree(case.entry["expected"]),
        "unknown": case.tree(case.entry["warnings"]),
    }
    return compared(found, expected)


def _unknown(review: Review) -> dict[str, dict[str, list[str]]]:
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for notice in review.notices():
        section, _, rest = notice.path.partition("[")
        element = review.document.tree[section][int(rest.partition("]")[0])]
        name = element.get("name") or element["id"]
        found[section][name].add(notice.message.split("`")[1])
    return {
        section: {name: sorted(names) for name, names in elements.items()}
        for section, elements in found.items()
    }


def by_flattening(case: Case) -> Answer:
    """The flattened tree, below the schema, lists compared without order.

    ``contributions`` are asked as plugins. A reference to a template of the cluster is asked as an
    https address, where the case is not about the right to read it.
    """
    given = case.tree()
    world = _World(
        given["input"], reads_cluster=not case.check.endswith(("general", "restriction"))
    )
    root = world.root()
    review = Review(root)
    place = TreeFile("devfile.yaml")
    flat = _BelowSchema(world).flat(Source(review, "2.3.0", place, (place,)))
    review.refuse_if_problems()
    expected = given["output"].get("devworkspace")
    return compared(_unordered(flat.tree), _unordered(expected))


class _BelowSchema(Flattening):
    """The cases are of the operator's own types, which the schema of devfiles does not know."""

    def judged(self, review: Review) -> str:
        return "2.0.0"


class _World:
    """A case's files and templates, as the resolver of a reading."""

    def __init__(self, given: dict[str, Any], *, reads_cluster: bool) -> None:
        self._given = given
        self._files = given.get("devfileResources") or {}
        templates = given.get("devworkspaceResources") or {}
        self._templates = {
            f"https://cluster.example/{name}": template["spec"]
            for name, template in templates.items()
            if "spec" in template
        }
        self._reads_cluster = reads_cluster

    def root(self) -> Document:
        tree = dict(self._given.get("devworkspace") or {})
        plugins = [
            {
                "name": each["name"],
                "plugin": {key: value for key, value in each.items() if key != "name"},
            }
            for each in self._given.get("contributions") or ()
        ]
        tree["components"] = [*(tree.get("components") or ()), *plugins]
        return document_of(self._asked(tree))

    def fetch(self, reference: Reference) -> Imported:
        if isinstance(reference, RegistryEntry):
            if not reference.registry_url:
                raise ImportRefused("no registry is given")
            key = f"{reference.registry_url}/devfiles/{reference.id}"
        else:
            key = str(reference)
        found = self._files.get(key, self._templates.get(key))
        if found is None:
            raise ImportMissing(f"nothing at {key}")
        text = found.encode() if isinstance(found, str) else text_of(self._asked(found))
        return Imported(text, reference)

    def _asked(self, tree: dict[str, Any]) -> dict[str, Any]:
        """``tree`` with references to the cluster as addresses."""
        for owner in _owners(tree) if self._reads_cluster else ():
            if "kubernetes" in owner:
                owner["uri"] = f"https://cluster.example/{owner.pop('kubernetes')['name']}"
        return tree


def _owners(tree: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "parent" in tree:
        yield tree["parent"]
    for component in tree.get("components") or ():
        if "plugin" in component:
            yield component["plugin"]


def document_of(tree: dict[str, Any]) -> Document:
    """A tree as a document, as if it had been read."""
    return document(text_of(tree))


def text_of(tree: dict[str, Any]) -> bytes:
    """A tree as YAML."""
    return written(tree).encode()


def _unordered(tree: Any) -> Any:
    """Lists in one order, and without the operator's note of who imported an element."""
    if isinstance(tree, dict):
        return {key: _unordered(value) for key, value in tree.items() if key != IMPORTED_BY}
    if isinstance(tree, list):
        return sorted((_unordered(item) for item in tree), key=repr)
    return tree
