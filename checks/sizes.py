"""The size law: a function has at most 40 lines of code, a file 200, or 300 at the hardest.

Lines of code are lines that hold a token of code: docstrings, comments and blank lines are free.
A table (an assignment at the top of a module) is free too, and so are tests and golden files.
When something grows past its size, a concept in it has no name yet: find it.
"""

import ast
import io
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from checks.tree import ROOT, files

FUNCTION_LINES = 40
FILE_LINES = 200
FILE_LINES_HARDEST = 300
APP_LINES = 80
_FREE_FOLDERS = frozenset({"tests"})
_NOT_CODE = frozenset(
    {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
)
_Documented = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


class Finding(NamedTuple):
    """One place that is too large; a hard one fails the check."""

    place: str
    lines: int
    limit: int
    hard: bool

    def __str__(self) -> str:
        """Say where, how much, and what the law allows."""
        word = "error" if self.hard else "warning"
        return f"{self.place}: {word}: {self.lines} lines of code, the size law allows {self.limit}"


def findings(path: Path, root: Path) -> Iterator[Finding]:
    """Return what is too large in one file of Python."""
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    code = code_lines(source, tree)
    name = path.relative_to(root).as_posix()
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = len(code & _span(node))
            if lines > FUNCTION_LINES:
                yield Finding(f"{name}:{node.lineno} {node.name}", lines, FUNCTION_LINES, hard=True)
    lines = len(code - _tables(tree))
    soft, hard = (APP_LINES, APP_LINES) if name == "app.py" else (FILE_LINES, FILE_LINES_HARDEST)
    if lines > soft:
        yield Finding(name, lines, soft, hard=lines > hard)


def code_lines(source: str, tree: ast.Module) -> set[int]:
    """Return the numbers of the lines that hold code."""
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in _NOT_CODE:
            lines.update(range(token.start[0], token.end[0] + 1))
    return lines - _docstrings(tree)


def _docstrings(tree: ast.Module) -> set[int]:
    """Return the lines of docstrings, those below a field of a class included."""
    lines: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, _Documented):
            for statement in node.body:
                if isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant):
                    lines |= _span(statement) if isinstance(statement.value.value, str) else set()
    return lines


def _tables(tree: ast.Module) -> set[int]:
    """Return the lines of the tables: assignments at the top of the module."""
    return {
        line
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        for line in _span(node)
    }


def _span(node: ast.stmt) -> set[int]:
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def main(root: Path = ROOT) -> int:
    """Print every finding; 1 when one of them is hard."""
    measured = (
        path for path in files(root, "*.py") if path.relative_to(root).parts[0] not in _FREE_FOLDERS
    )
    found = [finding for path in measured for finding in findings(path, root)]
    for finding in found:
        print(finding)
    return int(any(finding.hard for finding in found))


if __name__ == "__main__":
    sys.exit(main())
