"""Why a workspace is not as wished: one table from what Kubernetes says to words for its owner."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.targets.kubernetes.reasons.row import Row
from chalicelib.domain.targets.kubernetes.reasons.table import ROWS
from chalicelib.domain.targets.kubernetes.symptoms import Symptom
from chalicelib.domain.workspaces.workspace import Reason


@dataclass(frozen=True, slots=True)
class Finding:
    """The row that won, and its words. ``mute``: nobody told the cause this time."""

    row: Row
    reason: Reason
    mute: bool


def find(symptoms: Iterable[Symptom]) -> Finding | None:
    """Return what the first row says that reads any symptom; None where no row does."""
    listed = tuple(symptoms)
    for row in ROWS:
        for symptom in listed:
            if row.reads(symptom):
                return Finding(row, row.reason(symptom), row.is_mute(symptom))
    return None


def sticks(code: str) -> bool:
    """Whether a failure with this code lasts until the workspace is available."""
    return any(row.sticks for row in ROWS if row.code == code)
