"""From the wire's message of facts to the domain's values: the same fields, without pydantic."""

from chalicelib.domain.targets import facts
from chalicelib.wire import reconcile as wire


def facts_of(report: wire.WorkspaceReport) -> facts.WorkspaceReport:
    """Return the facts of a report."""
    return facts.WorkspaceReport(
        workspace_id=report.workspace_id,
        resource_version=report.resource_version,
        namespace=report.namespace,
        generation=report.generation,
        tombstone=report.tombstone,
        pods=report.pods,
        deployment=None if report.deployment is None else _deployment(report.deployment),
        troubles=tuple(facts.Trouble(**dict(trouble)) for trouble in report.troubles),
        apply_error=None
        if report.apply_error is None
        else facts.ApplyError(**dict(report.apply_error)),
        spec_digest=report.spec_digest,
        secrets_digest=report.secrets_digest,
    )


def _deployment(found: wire.DeploymentFacts) -> facts.DeploymentFacts:
    plain = dict(found)
    plain["conditions"] = tuple(facts.Condition(**dict(each)) for each in found.conditions)
    return facts.DeploymentFacts(**plain)
