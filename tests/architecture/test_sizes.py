import ast
from pathlib import Path

import pytest

from checks.sizes import FILE_LINES, FILE_LINES_HARDEST, FUNCTION_LINES, code_lines, findings


@pytest.mark.parametrize(
    "source, expected",
    [
        pytest.param(
            "x = 1\n\n# why\ny = 2  # and why\n", {1, 4}, id="comments and blanks are free"
        ),
        pytest.param('"""Two\nlines."""\nx = 1\n', {3}, id="a docstring is free"),
        pytest.param(
            'class A:\n    x: int\n    """Unit."""\n', {1, 2}, id="a field's docstring is free"
        ),
        pytest.param('x = """a\nb"""\n', {1, 2}, id="a text in code is code"),
        pytest.param("f(\n    1,\n)\n", {1, 2, 3}, id="a broken call counts each line"),
    ],
)
def test_lines_of_code_are_lines_with_code(source: str, expected: set[int]) -> None:
    """Docstrings, comments and blank lines cost nothing; everything else does."""
    assert code_lines(source, ast.parse(source)) == expected


def assignments(count: int, indent: str = "") -> str:
    """Return that many lines of code that are no table."""
    return "".join(f"{indent}print({number})\n" for number in range(count))


@pytest.mark.parametrize(
    "source, hard",
    [
        pytest.param(
            "def f():\n" + assignments(FUNCTION_LINES - 1, "    "), [], id="function at 40"
        ),
        pytest.param(
            "def f():\n" + assignments(FUNCTION_LINES, "    "), [True], id="function at 41"
        ),
        pytest.param(assignments(FILE_LINES), [], id="file at 200"),
        pytest.param(assignments(FILE_LINES + 1), [False], id="file at 201 warns"),
        pytest.param(assignments(FILE_LINES_HARDEST + 1), [True], id="file at 301 fails"),
        pytest.param("TABLE = {\n" + "    1: 2,\n" * 400 + "}\n", [], id="a table is free"),
    ],
)
def test_the_law_warns_then_fails(source: str, hard: list[bool], tmp_path: Path) -> None:
    """A function fails above 40 lines, a file warns above 200 and fails above 300."""
    path = tmp_path / "module.py"
    path.write_text(source, encoding="utf-8")

    assert [finding.hard for finding in findings(path, tmp_path)] == hard
