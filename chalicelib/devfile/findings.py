"""What a reading of a devfile has to say: problems, which refuse it, and notices, which do not."""

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one place of a document."""

    code: str
    """Stable name of the rule, such as ``unknown-volume``; listed in docs/reference/devfile.md."""
    path: str
    """Where in the tree, such as ``components[0].container.image``; empty for the document."""
    message: str
    """One sentence for people: what is wrong, and what to do."""
    line: int = 0
    """Line, counted from 1; 0 when the place is unknown."""
    column: int = 0
    """Column, counted from 1; 0 when the place is unknown."""


@dataclass(frozen=True, slots=True)
class Problem(Finding):
    """A finding for which the devfile is refused."""


@dataclass(frozen=True, slots=True)
class Notice(Finding):
    """A finding that the author should know of; the devfile is accepted."""


class DevfileRefused(Exception):
    """The devfile cannot be used; ``problems`` holds every reason, in document order."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(_line(problem) for problem in self.problems))


def _line(problem: Problem) -> str:
    place = f"line {problem.line}: " if problem.line else ""
    return f"{place}{problem.message} [{problem.code}]"
