"""From a devfile that imports others to one that imports nothing, within bounds."""

from dataclasses import dataclass

from chalicelib.devfile.document import Document, View
from chalicelib.devfile.findings import ProblemCode
from chalicelib.devfile.imports.merge import Part, merged
from chalicelib.devfile.imports.override import overridden
from chalicelib.devfile.imports.pieces import Piece
from chalicelib.devfile.imports.references import (
    BadReference,
    Imported,
    ImportMissing,
    ImportRefused,
    Reference,
    Resolver,
    reference,
)
from chalicelib.devfile.loader import load
from chalicelib.devfile.review import Review
from chalicelib.devfile.schema import VERSIONS, check_schema, version_of

MAX_DEPTH = 8
"""Files from the devfile to the farthest import, itself not counted."""
MAX_IMPORTS = 20
MAX_BYTES = 128 * 1024
MAX_NODES = 4_000
"""Of all imports together."""


@dataclass(frozen=True, slots=True)
class Source:
    """A file that is read: where it is, of which version it is, and what led to it."""

    review: Review
    version: str
    place: Reference
    chain: tuple[Reference, ...]
    """What was followed to here, the devfile itself first."""


def imports_anything(root: View) -> bool:
    """Whether the devfile has a parent or a plugin."""
    return root.has("parent") or any(each.has("plugin") for each in root.items("components"))


@dataclass(slots=True)
class Flattening:
    """One reading of a devfile with all that it imports."""

    resolver: Resolver
    _imports: int = 0
    _bytes: int = 0
    _nodes: int = 0

    def flat(self, source: Source) -> Document:
        """The document of ``source`` with its parent and its plugins put in.

        It has passed its schema. Raises ``DevfileRefused`` for every import that cannot be used.
        """
        review, document = source.review, source.review.document
        root = View(document.tree)
        if not imports_anything(root):
            return document
        wanted = [("its parent", root.member("parent"))] if root.has("parent") else []
        wanted += [
            (f"the plugin {component.name}", component.member("plugin"))
            for component in root.items("components")
            if component.has("plugin")
        ]
        parts = [
            Part(title, found)
            for title, owner in wanted
            if (found := self._imported(owner, source)) is not None
        ]
        if len(parts) < len(wanted):
            review.refuse_if_problems()  # what is missing would be missed everywhere
        return merged(document, parts, review)

    def _imported(self, owner: View, source: Source) -> Document | None:
        """What ``owner`` imports, flattened and overridden; None when a problem is reported instead."""
        review = source.review
        if owner.has("kubernetes"):
            message = "`kubernetes` is not supported: import by `uri` or by `id`."
            review.problem("unsupported", owner.member("kubernetes").path, message)
            return None
        try:
            wanted = reference(owner, source.place)
        except BadReference as fault:
            review.problem("import-address", owner.path, str(fault))
            return None
        fetched = self._fetched(wanted, owner, source)
        if fetched is None:
            return None
        imported = self._read(fetched, wanted, owner, source)
        if imported is None:
            return None
        base = self.flat(imported)
        patch = Piece(review.document, owner.value, owner.path)
        return overridden(base, patch, review)

    def _fetched(self, wanted: Reference, owner: View, source: Source) -> Imported | None:
        if fault := self._fault_before(wanted, source):
            source.review.problem(fault[0], owner.path, fault[1])
            return None
        self._imports += 1
        try:
            return self.resolver.fetch(wanted)
        except ImportRefused as refused:
            source.review.problem("import-refused", owner.path, str(refused))
        except ImportMissing as missing:
            source.review.problem("import-missing", owner.path, str(missing))
        return None

    def _fault_before(self, wanted: Reference, source: Source) -> tuple[ProblemCode, str] | None:
        if wanted in source.chain:
            return "import-cycle", f"{wanted} imports itself, if only by way of others."
        if len(source.chain) > MAX_DEPTH:
            return "import-too-deep", f"Imports lead through at most {MAX_DEPTH} files."
        if self._imports >= MAX_IMPORTS:
            return "import-too-large", f"A devfile has at most {MAX_IMPORTS} imports in all."
        return None

    def _read(
        self, fetched: Imported, wanted: Reference, owner: View, source: Source
    ) -> Source | None:
        """The import, once it has passed its own schema."""
        self._bytes += len(fetched.text)
        if self._bytes > MAX_BYTES:
            message = f"All imports together have at most {MAX_BYTES // 1024} KiB."
            source.review.problem("import-too-large", owner.path, message)
            return None
        review = load(fetched.text, file=str(wanted), findings=source.review.findings)
        self._nodes += len(review.document.places)
        if self._nodes > MAX_NODES:
            message = f"All imports together have at most {MAX_NODES} values."
            source.review.problem("import-too-large", owner.path, message)
            return None
        version = self.judged(review)
        if VERSIONS.index(version) > VERSIONS.index(source.version):
            message = (
                f"This devfile has version {source.version}, and the import {version}; raise"
                " `schemaVersion` to that of the import."
            )
            source.review.problem("import-version", owner.path, message)
        review.refuse_if_problems()
        return Source(review, version, fetched.place, (*source.chain, wanted))

    def judged(self, review: Review) -> str:
        """The version of an import, once its schema has said what is wrong with it."""
        root = View(review.document.tree)
        version = version_of(root, review)
        check_schema(root, version, review, frozenset())
        return version
