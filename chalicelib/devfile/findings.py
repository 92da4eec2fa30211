"""What a reading of a devfile has to say: problems, which refuse it, and notices, which do not."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

ProblemCode = Literal[
    # The text and its YAML:
    "character",
    "empty",
    "not-a-mapping",
    "not-utf-8",
    "too-deep",
    "too-large",
    "too-many-nodes",
    "yaml-alias",
    "yaml-anchor",
    "yaml-directive",
    "yaml-documents",
    "yaml-duplicate-key",
    "yaml-key",
    "yaml-merge-key",
    "yaml-number",
    "yaml-syntax",
    "yaml-tag",
    # The schema of the version:
    "kind-missing",
    "kind-several",
    "missing",
    "not-one-of",
    "schema",
    "schema-version",
    "too-long",
    "unknown-key",
    "wrong-form",
    "wrong-type",
    # Parents and plugins:
    "import-address",
    "import-cycle",
    "import-missing",
    "import-refused",
    "import-too-deep",
    "import-too-large",
    "import-version",
    "merge-conflict",
    "override-unknown",
    # The strict profile:
    "strict",
    # What no schema can hold, and what Berth supports:
    "bad-uri",
    "checkout-remote-missing",
    "checkout-remote-unknown",
    "clone-path",
    "clone-path-overlap",
    "command-component",
    "composite-cycle",
    "composite-self",
    "composite-unknown",
    "duplicate-command",
    "duplicate-component",
    "duplicate-endpoint-name",
    "duplicate-endpoint-port",
    "duplicate-mount-path",
    "duplicate-project",
    "endpoint-path",
    "env-name",
    "event-too-long",
    "event-type",
    "event-unknown",
    "group-many-defaults",
    "image",
    "main-container",
    "main-several",
    "mount-path",
    "port",
    "quantity",
    "remote-address",
    "remote-missing",
    "remote-multiple",
    "remote-name",
    "request-gt-limit",
    "reserved-env",
    "reserved-mount-path",
    "reserved-name",
    "revision",
    "too-many",
    "too-many-problems",
    "unknown-attribute",
    "unknown-volume",
    "unsupported",
    "variables-too-long",
]
NoticeCode = Literal[
    "env-twice",
    "group-no-default",
    "quantity-small",
    "unknown-variable",
    "without-effect",
]
"""Stable names of the rules; docs/reference/devfile.md has a row for each, which a test holds."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One remark about one place of a document."""

    code: str
    """A ``ProblemCode`` or ``NoticeCode``."""
    path: str
    """Where in the tree, such as ``components[0].container.image``; empty for the document."""
    message: str
    """One sentence for people: what is wrong, and what to do."""
    line: int = 0
    """Line, counted from 1; 0 when the place is unknown."""
    column: int = 0
    """Column, counted from 1; 0 when the place is unknown."""
    file: str = ""
    """The imported file that path, line and column are of; empty for the devfile itself."""


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
    file = f"{problem.file}, " if problem.file else ""
    place = f"{file}line {problem.line}: " if problem.line else ""
    return f"{place}{problem.message} [{problem.code}]"
