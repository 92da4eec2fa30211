"""The vendored schemas are the official ones, and no member of them is silently ignored."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chalicelib import devfile
from chalicelib.devfile.schema import VERSIONS, _validator
from chalicelib.devfile.support import (
    _EACH,
    _ONLY_WHEN_TRUE,
    _WITH_ATTRIBUTES,
    _WITHOUT_EFFECT,
    UNSUPPORTED,
)

SCHEMAS = Path(devfile.__file__).parent / "schemas"

DESCRIPTIVE = {
    f"metadata.{name}"
    for name in ("attributes", "description", "displayName", "icon", "language", "projectType")
} | {f"metadata.{name}" for name in ("provider", "supportUrl", "tags", "version", "website")}
"""Words about the devfile that ask nothing of whoever runs it."""

MODELLED = {
    "schemaVersion", "variables", "metadata.name", "metadata.architectures", "components.name", "components.container.image",
    *(f"components.container.{name}" for name in (
        "command", "args", "cpuLimit", "cpuRequest", "memoryLimit", "memoryRequest", "mountSources", "sourceMapping",
        "env.name", "env.value", "volumeMounts.name", "volumeMounts.path", "endpoints.name", "endpoints.targetPort",
        "endpoints.exposure", "endpoints.protocol", "endpoints.secure", "endpoints.path",
    )),
    "components.volume.size", "components.volume.ephemeral", "commands.id",
    *(f"commands.exec.{name}" for name in (
        "component", "commandLine", "workingDir", "label", "group.kind", "group.isDefault", "hotReloadCapable",
        "env.name", "env.value",
    )),
    *(f"commands.apply.{name}" for name in ("component", "label", "group.kind", "group.isDefault")),
    *(f"commands.composite.{name}" for name in ("commands", "label", "parallel", "group.kind", "group.isDefault")),
    "events.preStart", "events.postStart", "events.preStop",
    *(f"{projects}.{name}" for projects in ("projects", "dependentProjects") for name in (
        "name", "clonePath", "git.remotes", "git.checkoutFrom.remote", "git.checkoutFrom.revision",
    )),
}  # fmt: skip
"""Members that arrive in the model, which tests/devfile/test_reading.py shows."""


def members(schema: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[str]:
    """The dotted paths of all leaves of a schema; lists are passed through."""
    while schema.get("type") == "array":
        schema = schema["items"]
    if not schema.get("properties"):
        yield ".".join(path)
    for name, inner in schema.get("properties", {}).items():
        yield from members(inner, (*path, name))


def dotted(pattern: tuple[str, ...]) -> str:
    """A pattern of the tables without its stars."""
    return ".".join(step for step in pattern if step != _EACH)


@pytest.mark.parametrize("version", VERSIONS)
def test_every_member_of_a_schema_is_dealt_with(version: str) -> None:
    """Each leaf of each version is modelled, refused by name, told to have no effect, or describes."""
    schema = json.loads((SCHEMAS / version / "devfile.json").read_text())
    told = {dotted((*pattern, "attributes")) for pattern in _WITH_ATTRIBUTES}
    exact = MODELLED | DESCRIPTIVE | {dotted(pattern) for pattern in _ONLY_WHEN_TRUE} | told
    below = tuple(dotted(pattern) for pattern in (*UNSUPPORTED, *_WITHOUT_EFFECT))
    left = {
        member
        for member in members(schema)
        if member not in exact and not any(f"{member}.".startswith(f"{path}.") for path in below)
    }
    assert left == set()


@pytest.mark.parametrize("version", VERSIONS)
def test_patterns_end_where_the_text_ends(version: str) -> None:
    """A final newline is no part of a name, although Python's `$` would let it through."""
    document = {"schemaVersion": version, "components": [{"name": "dev\n", "volume": {}}]}
    assert [error.validator for error in _validator(version).iter_errors(document)] == ["pattern"]


@pytest.mark.parametrize("version", VERSIONS)
def test_the_schemas_use_what_is_explained(version: str) -> None:
    """No keyword stands in a schema for which there are no words."""
    explained = {"type", "required", "properties", "additionalProperties", "oneOf", "enum"}
    explained |= {"pattern", "maxLength", "items", "title", "description", "default"}
    known = explained | {
        "uniqueItems"
    }  # of `architectures` alone; the schema's own message is plain
    schema = json.loads((SCHEMAS / version / "devfile.json").read_text())
    assert set(keywords(schema)) <= known


def keywords(schema: Any) -> Iterator[str]:
    """The keywords of a schema at all levels."""
    if isinstance(schema, dict):
        yield from schema
        for name, inner in schema.items():
            if name == "properties":
                for each in inner.values():
                    yield from keywords(each)
            elif name in ("items", "additionalProperties"):
                yield from keywords(inner)
