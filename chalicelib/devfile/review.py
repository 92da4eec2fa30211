"""Collects what the rules find, once each, and hands it out in document order."""

from typing import NoReturn

from chalicelib.devfile.document import Document, Path, Place, dotted
from chalicelib.devfile.findings import (
    DevfileRefused,
    Finding,
    Notice,
    NoticeCode,
    Problem,
    ProblemCode,
)

MAX_PROBLEMS = 100
"""More than that help nobody, and an answer has to stay small."""


class Review:
    """The findings on one document."""

    def __init__(self, document: Document) -> None:
        self.document = document
        self._problems: dict[Problem, None] = {}
        self._notices: dict[Notice, None] = {}

    def problem(
        self, code: ProblemCode, path: Path, message: str, place: Place | None = None
    ) -> None:
        """Refuse the devfile for what stands at ``path``."""
        line, column = place or self.document.place(path)
        self._problems[Problem(code, dotted(path), message, line, column)] = None

    def notice(self, code: NoticeCode, path: Path, message: str) -> None:
        """Tell the author about ``path``."""
        line, column = self.document.place(path)
        self._notices[Notice(code, dotted(path), message, line, column)] = None

    def fatal(self, code: ProblemCode, message: str, place: Place | None = None) -> NoReturn:
        """Refuse the devfile at once, with what was found so far."""
        self.problem(code, (), message, place)
        self.refuse_if_problems()
        raise AssertionError("unreachable: there is a problem")

    def notices(self) -> tuple[Notice, ...]:
        """The notices in document order."""
        return tuple(sorted(self._notices, key=_order)[:MAX_PROBLEMS])

    def refuse_if_problems(self) -> None:
        """Raise ``DevfileRefused`` with every problem in document order, if there is one."""
        problems = sorted(self._problems, key=_order)
        if len(problems) > MAX_PROBLEMS:
            rest = f"There are {len(problems) - MAX_PROBLEMS} more problems; solve these first."
            problems[MAX_PROBLEMS:] = [Problem("too-many-problems", "", rest)]
        if problems:
            raise DevfileRefused(problems)


def _order(finding: Finding) -> tuple[int, int]:
    return finding.line, finding.column


def quoted(value: object) -> str:
    """``value`` for a message: short, on one line, in backquotes."""
    text = value if isinstance(value, str) else repr(value)
    if not text.isprintable():
        text = repr(text)
    return f"`{text[:60]}…`" if len(text) > 61 else f"`{text}`"
