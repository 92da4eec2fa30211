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


class Findings:
    """What was found in a devfile and in all that it imports, each once, in the order of the texts."""

    def __init__(self) -> None:
        self.problems: dict[Problem, None] = {}
        self.notices: dict[Notice, None] = {}
        self.files: dict[str, int] = {}
        """The names of the texts, in the order in which they were read."""

    def order(self, finding: Finding) -> tuple[int, int, int]:
        """The devfile first, then what it imports."""
        return self.files[finding.file], finding.line, finding.column


class Review:
    """A document, and the findings on it and on those that it is read with."""

    def __init__(self, document: Document, findings: Findings | None = None) -> None:
        self.document = document
        self.findings = findings or Findings()
        self.findings.files.setdefault(document.file, len(self.findings.files))

    def of(self, document: Document) -> "Review":
        """A review of another document whose findings come together with these."""
        return Review(document, self.findings)

    def problem(
        self, code: ProblemCode, path: Path, message: str, place: Place | None = None
    ) -> None:
        """Refuse the devfile for what stands at ``path``."""
        document, written = self.document.source(path)
        line, column = place or document.place(written)
        found = Problem(code, dotted(written), message, line, column, document.file)
        self.findings.problems[found] = None

    def notice(self, code: NoticeCode, path: Path, message: str) -> None:
        """Tell the author about ``path``."""
        document, written = self.document.source(path)
        line, column = document.place(written)
        found = Notice(code, dotted(written), message, line, column, document.file)
        self.findings.notices[found] = None

    def fatal(self, code: ProblemCode, message: str, place: Place | None = None) -> NoReturn:
        """Refuse the devfile at once, with what was found so far."""
        self.problem(code, (), message, place)
        self.refuse_if_problems()
        raise AssertionError("unreachable: there is a problem")

    def notices(self) -> tuple[Notice, ...]:
        """The notices in document order."""
        found = self.findings
        return tuple(sorted(found.notices, key=found.order)[:MAX_PROBLEMS])

    def refuse_if_problems(self) -> None:
        """Raise ``DevfileRefused`` with every problem in document order, if there is one."""
        problems = sorted(self.findings.problems, key=self.findings.order)
        if len(problems) > MAX_PROBLEMS:
            rest = f"There are {len(problems) - MAX_PROBLEMS} more problems; solve these first."
            problems[MAX_PROBLEMS:] = [Problem("too-many-problems", "", rest)]
        if problems:
            raise DevfileRefused(problems)
