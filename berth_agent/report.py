"""From live objects to a report: facts as Kubernetes states them, cut to size. Pure."""

from __future__ import annotations

from typing import Literal, cast

from berth_agent import tombstones
from berth_agent.troubles import MESSAGE, NAME, troubles_of
from berth_agent.view import WorkspaceFacts
from berth_kube.projections import FINISHED, Deployment, Namespace, Pod
from chalicelib.wire.reconcile import Condition, DeploymentFacts, WorkspaceReport

Phase = Literal["Absent", "Active", "Terminating"]
Status = Literal["True", "False", "Unknown"]
CONDITIONS = 8


def report_of(facts: WorkspaceFacts) -> WorkspaceReport:
    """The report of what is live now. The order in which it became known does not matter."""
    deployment, tombstone = facts.deployment, facts.tombstone
    annotations = deployment.metadata.annotations if deployment else None
    buried = tombstones.generation_of(tombstone) if tombstone else None
    return WorkspaceReport(
        workspace_id=facts.workspace_id,
        resource_version=facts.resource_version,
        generation=buried
        if buried is not None
        else (annotations.generation_number if annotations else 0),
        namespace=_phase(facts.namespace),
        tombstone=buried,
        pods=sum(map(_is_left, facts.pods.values())),
        deployment=_deployment(deployment) if deployment else None,
        troubles=troubles_of(facts),
        spec_digest=annotations.spec_digest[:NAME] if annotations else "",
        secrets_digest=annotations.secrets_digest[:NAME] if annotations else "",
    )


def _is_left(pod: Pod) -> bool:
    """Whether a pod counts: one that is being removed does until it is gone, ended or not. One that
    ended and stays listed would keep its workspace stopping for ever."""
    return pod.status.phase not in FINISHED or bool(pod.metadata.deletion_timestamp)


def _phase(namespace: Namespace | None) -> Phase:
    if namespace is None:
        return "Absent"
    leaving = namespace.metadata.deletion_timestamp or namespace.status.phase == "Terminating"
    return "Terminating" if leaving else "Active"


def _deployment(live: Deployment) -> DeploymentFacts:
    status = live.status
    return DeploymentFacts(
        generation=live.metadata.generation,
        observed_generation=status.observed_generation,
        replicas=live.spec.replicas,
        current=status.replicas,
        updated=status.updated_replicas,
        available=status.available_replicas,
        conditions=tuple(
            Condition(
                type=condition.type[:NAME],
                status=_status(condition.status),
                reason=condition.reason[:NAME],
                message=condition.message[:MESSAGE],
            )
            for condition in sorted(status.conditions, key=lambda c: c.type)[:CONDITIONS]
        ),
    )


def _status(status: str) -> Status:
    return cast("Status", status) if status in ("True", "False") else "Unknown"
