"""A case of the corpus, and what Berth makes of it."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from chalicelib.devfile import DevfileRefused, Finding
from chalicelib.devfile.document import Document
from chalicelib.devfile.loader import load


@dataclass(frozen=True, slots=True)
class Case:
    """An entry of the manifest. Its files are read as they are needed."""

    entry: Mapping[str, Any]
    folder: Path

    @property
    def id(self) -> str:
        return str(self.entry["id"])

    @property
    def check(self) -> str:
        return str(self.entry["check"])

    @property
    def expect(self) -> str:
        return str(self.entry["expect"])

    @property
    def text(self) -> bytes:
        """The one input."""
        return self.bytes(self.entry["input"])

    def bytes(self, path: str) -> bytes:
        return (self.folder / path).read_bytes()

    def inputs(self) -> dict[str, Document]:
        """The inputs by the names of their files, read below the schema."""
        return {Path(path).stem: document(self.bytes(path)) for path in self.entry["inputs"]}

    def tree(self, path: str | None = None) -> Any:
        """A file as any YAML reader sees it: the one input, or the one at ``path``."""
        return yaml.safe_load(self.bytes(path or self.entry["input"]))


@dataclass(frozen=True, slots=True)
class Answer:
    """What Berth makes of a case, in the corpus's words, and why."""

    outcome: str
    codes: Counter[str] = field(default_factory=Counter)
    detail: str = ""


Judge = Callable[[Case], Answer]


def document(text: bytes) -> Document:
    """What a text says, before any schema."""
    return load(text).document


def refused(findings: Iterable[Finding]) -> Answer:
    """The answer to what has problems."""
    listed = list(findings)
    codes = Counter(finding.code for finding in listed)
    return Answer("refuse", codes, "; ".join(f"{f.path}: {f.message}" for f in listed[:3]))


def judged(judge: Judge, case: Case) -> Answer:
    """The answer to a case; a refusal by exception is one as well."""
    try:
        return judge(case)
    except DevfileRefused as error:
        return refused(error.problems)


def compared(found: Any, expected: Any) -> Answer:
    """Equal as parsed YAML, where null, an empty list and an empty mapping equal absence."""
    ours, theirs = pruned(found), pruned(expected)
    if ours == theirs:
        return Answer("equal")
    return Answer("different", detail=f"{ours!r:.400} instead of {theirs!r:.400}")


def pruned(value: Any) -> Any:
    """``value`` without members that say nothing."""
    if isinstance(value, dict):
        members = {key: pruned(member) for key, member in value.items()}
        return {key: member for key, member in members.items() if member not in (None, [], {})}
    if isinstance(value, list):
        return [pruned(item) for item in value]
    return value
