"""The manual lists every code that a reader of an answer may meet, and no other."""

import re
from pathlib import Path
from typing import get_args

from chalicelib import devfile
from chalicelib.devfile.findings import NoticeCode, ProblemCode

MANUAL = Path(devfile.__file__).parents[2] / "docs" / "reference" / "devfile.md"


def test_the_manual_lists_every_code() -> None:
    """Each code has one row, and each row is a code."""
    tables = MANUAL.read_text().partition("## Codes")[2]
    rows = re.findall(r"^\| `([a-z0-9-]+)` \|", tables, re.MULTILINE)
    assert sorted(rows) == sorted((*get_args(ProblemCode), *get_args(NoticeCode)))


def test_every_code_is_reported_somewhere() -> None:
    """No code is listed that no rule uses."""
    source = "".join(
        path.read_text() for path in MANUAL.parents[2].glob("chalicelib/devfile/**/*.py")
    )
    unused = [
        code
        for code in (*get_args(ProblemCode), *get_args(NoticeCode))
        if source.count(f'"{code}"') < 2
    ]
    assert unused == []
