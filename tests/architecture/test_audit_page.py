"""The reference page of the audit log names every action, field and fault, and none that is not."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from chalicelib.api.audit import ShownCheckpoint, ShownRecord
from chalicelib.wire.tampering import Fault

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/audit.md").read_text("utf-8")
SOURCES = [
    path
    for room in ("usecases", "domain/workspaces")
    for path in (ROOT / "chalicelib" / room).rglob("*.py")
]
WRITERS = ("audit", "audit_record", "_audit", "_carry_out")


def section(title: str) -> str:
    """The text below a heading."""
    return PAGE.split(f"\n## {title}\n")[1].split("\n## ")[0]


def first_cells(title: str) -> set[str]:
    """The first cell of each row of a section's table, without its head."""
    return set(re.findall(r"^\| `([a-z-]+)` \|", section(title), re.MULTILINE))


def written(tree: ast.Module) -> Iterator[str]:
    """The actions that a module writes down by their whole names."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in WRITERS:
            texts = (each.value for each in node.args if isinstance(each, ast.Constant))
            yield from (text for text in texts if isinstance(text, str) and ":" in text)


def constants(tree: ast.Module) -> Iterator[str]:
    """All texts of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def test_every_action_has_its_place() -> None:
    """What use cases write down is on the page; a wish writes ``workspaces:`` and its cause."""
    trees = [ast.parse(path.read_text("utf-8")) for path in SOURCES]
    named = {action for tree in trees for action in written(tree)}
    texts = {text for tree in trees for text in constants(tree)}
    listed = set(re.findall(r"`([a-z]+:[a-z-]+)`", section("What is written down")))

    assert len(named) >= 15
    assert named <= listed
    assert {action.partition(":")[2] for action in listed - named} <= texts
    assert all(action.startswith("workspaces:") for action in listed - named)


def test_every_field_has_a_row() -> None:
    """The fields of a line are those of the page."""
    fields = {*ShownRecord.model_fields, *ShownCheckpoint.model_fields}
    assert first_cells("Lines") == fields


def test_every_fault_has_a_row() -> None:
    """The faults of a check are those of the page."""
    assert first_cells("What a check finds") == {fault.value for fault in Fault}
