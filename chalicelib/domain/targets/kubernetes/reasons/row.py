"""One way in which things go wrong, and its words."""

import re
from dataclasses import dataclass

from chalicelib.domain.targets.kubernetes.symptoms import Symptom
from chalicelib.domain.targets.kubernetes.wording import LONGEST_MESSAGE, LONGEST_QUOTE, shown
from chalicelib.domain.workspaces.workspace import Reason

AT_ONCE = 0.0
UNTIL_DEADLINE = float("inf")
"""Graces in seconds."""


@dataclass(frozen=True, slots=True)
class Row:
    """One way in which things go wrong.

    It reads a symptom whose source and reason are listed, whose message matches ``pattern`` and,
    where ``only`` is stated, whose container's name starts with one of it. ``grace`` is for how
    many seconds of starting it is no failure yet. ``sticks``: once failed for this, a workspace
    stays so until it is available, though the symptom comes and goes (between two crashes).
    """

    code: str
    sources: frozenset[str]
    reasons: frozenset[str]
    message: str
    hint: str
    pattern: re.Pattern[str] | None = None
    only: tuple[str, ...] = ()
    detail: frozenset[str] = frozenset()
    grace: float = AT_ONCE
    retrying: bool = True
    sticks: bool = False

    def reads(self, symptom: Symptom) -> bool:
        """Whether this row is about the symptom."""
        return (
            symptom.source in self.sources
            and (not self.reasons or symptom.reason in self.reasons)
            and (not self.only or symptom.name.startswith(self.only))
            and (not self.detail or symptom.detail in self.detail or symptom.reason in self.detail)
            and (self.pattern is None or self.pattern.search(symptom.message) is not None)
        )

    def is_mute(self, symptom: Symptom) -> bool:
        """Whether the row quotes the symptom, and the symptom says nothing worth quoting."""
        return "{said}" in self.message and not shown(symptom.message)

    def reason(self, symptom: Symptom) -> Reason:
        """Return the words about the symptom, for people."""
        message = self.message.format(
            name=symptom.name or "of the workspace",
            said=shown(symptom.message, LONGEST_QUOTE) or "no reason was given",
            exit=_exit(symptom),
            kind=symptom.detail or "object",
        )
        return Reason(self.code, message[:LONGEST_MESSAGE], self.hint, self.retrying)


def _exit(symptom: Symptom) -> str:
    return "" if symptom.exit_code is None else f" (exit code {symptom.exit_code})"
