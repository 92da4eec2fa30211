"""The cases of a corpus folder, which is given by `--corpus` and described by its manifest.json."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from chalicelib.devfile import Devfile, DevfileRefused, Problem, read


@dataclass(frozen=True, slots=True)
class Case:
    """A devfile and what the corpus says of it."""

    id: str
    text: bytes
    expect: str
    codes: tuple[str, ...]

    def read(self) -> Devfile | tuple[Problem, ...]:
        """The devfile, or why it is refused."""
        try:
            return read(self.text)
        except DevfileRefused as refused:
            return refused.problems


Cases = Callable[[str], list[Case]]


@pytest.fixture(scope="session")
def cases(corpus: Path) -> Cases:
    """Gives the cases of a set; a set without cases is a failure."""
    manifest: list[dict[str, Any]] = json.loads((corpus / "manifest.json").read_text())["cases"]

    def of(name: str) -> list[Case]:
        found = [
            Case(
                case["id"],
                (corpus / case["input"]).read_bytes(),
                case["expect"],
                tuple(case.get("codes") or ()),
            )
            for case in manifest
            if case["set"] == name
        ]
        assert found, f"the corpus has no set {name}"
        return found

    return of
