"""One generated devfile for each seed, with the files that it may import."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, Literal

from chalicelib.devfile import (
    Imported,
    ImportMissing,
    ImportRefused,
    Profile,
    Reading,
    Reference,
    TreeFile,
    written,
)
from fuzz.damage import damaged, monstrous, torn
from fuzz.grammar import Grammar
from fuzz.overrides import override

Kind = Literal["valid", "nearly", "hostile"]
_BLOCK = 0.15
"""How many are written as blocks: PyYAML writes slowly."""


@dataclass(frozen=True, slots=True)
class Sample:
    """A text, what it may import, and how it is read."""

    seed: int
    kind: Kind
    text: bytes
    files: Mapping[str, bytes]
    profile: Profile

    def reading(self) -> Reading:
        """How it is read: with a resolver that has the files."""
        return Reading(self.profile, _Files(self.files))


@dataclass(frozen=True, slots=True)
class _Files:
    files: Mapping[str, bytes]

    def fetch(self, reference: Reference) -> Imported:
        """Return a file of the sample."""
        if not isinstance(reference, TreeFile):
            raise ImportRefused("Only files of the sample are there.")
        if reference.path not in self.files:
            raise ImportMissing(f"There is no {reference.path}.")
        return Imported(self.files[reference.path], reference)


def sample(seed: int) -> Sample:
    """The devfile of a seed."""
    chance = Random(seed)
    kind: Kind = chance.choices(("valid", "nearly", "hostile"), (3, 4, 3))[0]
    profile: Profile = "strict" if chance.random() < 0.1 else "standard"
    if kind == "hostile" and chance.random() < 0.3:
        return Sample(seed, kind, text_of(monstrous(chance), chance), {}, profile)
    grammar = Grammar(chance)
    tree, files = grammar.devfile(), dict[str, Any]()
    if chance.random() < 0.25:
        tree, files = split(tree, grammar, chance)
    if kind == "nearly":
        damaged(chance.choice([tree, *files.values()]), chance)
    text = text_of(tree, chance)
    written = {name: text_of(file, chance) for name, file in files.items()}
    if kind == "hostile":
        text = torn(text, chance)
        written = {name: torn(file, chance) if chance.random() < 0.3 else file for name, file in written.items()}  # fmt: skip
    return Sample(seed, kind, text, written, profile)


def split(
    tree: dict[str, Any], grammar: Grammar, chance: Random
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The devfile as a child and its ancestors, each of which keeps some sections."""
    files: dict[str, Any] = {}
    depth = chance.choice((1, 1, 2, 4, 8))
    child: dict[str, Any] = {"schemaVersion": tree["schemaVersion"]}
    movable = [key for key in ("commands", "projects", "starterProjects") if key in tree]
    for key in [*movable, "events"]:
        if key in tree and chance.random() < 0.5:
            child[key] = tree.pop(key)
    child["parent"] = {"uri": "p0.yaml"}
    if depth == 1 and chance.random() < 0.8:
        child["parent"] |= override(tree, chance)
    for number in range(depth):
        last = number == depth - 1
        files[f"p{number}.yaml"] = tree if last else {
            "schemaVersion": grammar.version, "parent": {"uri": f"p{number + 1}.yaml"}
        }  # fmt: skip
    return child, files


def text_of(tree: Any, chance: Random) -> bytes:
    """The tree as JSON, or as YAML in blocks."""
    if chance.random() < _BLOCK:
        return written(tree).encode("utf-8", "surrogatepass")
    return json.dumps(tree, ensure_ascii=False).encode("utf-8", "surrogatepass")
