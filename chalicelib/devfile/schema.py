"""The official JSON schemas: which one holds, and what they find, in words for people."""

import json
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any

from chalicelib.devfile.document import Path, View
from chalicelib.devfile.explain import explain
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

if TYPE_CHECKING:  # jsonschema takes longer to import than the rest of Berth; the first use pays
    from jsonschema import Draft7Validator

VERSIONS = ("2.0.0", "2.1.0", "2.2.0", "2.2.1", "2.2.2", "2.3.0")
NEWEST = VERSIONS[-1]


def version_of(root: View, review: Review) -> str:
    """The version whose schema judges the document.

    An unknown 2.x version is a problem, and the newest schema then finds what else there is to say.
    Any other version ends the reading, since nothing said about its content would be of use.
    """
    stated = root.text("schemaVersion")
    version = stated.partition("-")[0]
    if version in VERSIONS:
        return version
    message = f"Give `schemaVersion` one of {', '.join(VERSIONS)}"
    if stated:
        message += f"; {quoted(stated)} is not supported"
    elif root.has("apiVersion"):
        message += "; devfiles 1.0, which have an `apiVersion`, are not supported"
    review.problem("schema-version", ("schemaVersion",), f"{message}.")
    if (stated and not stated.startswith("2.")) or root.has("apiVersion"):
        review.refuse_if_problems()
    return NEWEST


def check_schema(root: View, version: str, review: Review, refused: frozenset[Path]) -> None:
    """Report what the schema of ``version`` finds outside of what was ``refused`` already."""
    settled = refused | review.document.unread
    for error in _validator(version).iter_errors(root.value):
        explain(error, review, settled)


def check_complete(root: View, version: str, review: Review, refused: frozenset[Path]) -> None:
    """Report what is missing in a flattened document: an override may leave out what an element needs.

    Nothing else is judged here: imports have passed the schemas of their own versions.
    """
    for error in _validator(version).iter_errors(root.value):
        if error.validator in ("required", "oneOf"):
            explain(error, review, refused)


@cache
def _validator(version: str) -> "Draft7Validator":
    from jsonschema import Draft7Validator  # noqa: PLC0415 - a third of a second that few programs need

    folder = resources.files("chalicelib.devfile") / "schemas" / version
    schema = json.loads((folder / "devfile.json").read_text("utf-8"))
    for node in _nodes(schema):
        if isinstance(pattern := node.get("pattern"), str):
            # Python's `$` also matches before a final newline, which the schemas do not mean.
            node["pattern"] = (
                pattern.removesuffix("$") + r"\Z" if pattern.endswith("$") else pattern
            )
    return Draft7Validator(schema)


def _nodes(schema: Any) -> Iterator[dict[str, Any]]:
    if isinstance(schema, dict):
        yield schema
        for member in schema.values():
            yield from _nodes(member)
    elif isinstance(schema, list):
        for item in schema:
            yield from _nodes(item)
