"""What a report says of a workspace that is not well, in one shape: a list of symptoms.

Conditions of the Deployment, troubles of pods, containers, claims and events, and a refused apply
are all "somebody said a reason and a message": one table (``reasons``) can read them.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.targets.facts import ApplyError, DeploymentFacts, WorkspaceReport

DEPLOYMENT, APPLY = "deployment", "apply"
"""Sources beside those of a ``Trouble``."""


@dataclass(frozen=True, slots=True)
class Symptom:
    """Who said what. ``name`` is a container's; ``detail`` why it ended last, or a kind."""

    source: str
    reason: str
    message: str = ""
    name: str = ""
    detail: str = ""
    exit_code: int | None = None


def of_report(report: WorkspaceReport) -> tuple[Symptom, ...]:
    """Return the symptoms of a workspace that was applied."""
    conditions = () if report.deployment is None else tuple(_of_conditions(report.deployment))
    troubles = tuple(
        Symptom(t.source, t.reason, t.message, t.name, t.detail, t.exit_code)
        for t in report.troubles
    )
    return conditions + troubles


def of_apply_error(error: ApplyError) -> Symptom:
    """Return the symptom of an object that the API server refused."""
    return Symptom(APPLY, str(error.status), error.message, error.name, error.kind)


def _of_conditions(deployment: DeploymentFacts) -> Iterator[Symptom]:
    for condition in deployment.conditions:
        failed = (condition.type, condition.status) in {
            ("ReplicaFailure", "True"),
            ("Progressing", "False"),
        }
        if failed:
            yield Symptom(DEPLOYMENT, condition.reason, condition.message)
