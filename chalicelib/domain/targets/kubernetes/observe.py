"""From facts to an actual state: the Deployment decides the state, the rest decides the reason.

The state is what the facts show, whatever is wished; that they are of an older generation is for
the reader of ``acknowledged`` to weigh. The cluster's clock decides nothing.
"""

from dataclasses import replace
from typing import Final

from chalicelib.domain.targets.facts import DeploymentFacts, WorkspaceReport
from chalicelib.domain.targets.kubernetes import reasons, symptoms
from chalicelib.domain.targets.kubernetes.workload import START_DEADLINE_SECONDS
from chalicelib.domain.targets.target import Observation
from chalicelib.domain.workspaces.states import EFFECTS, ActualState
from chalicelib.domain.workspaces.workspace import Reason, WorkspaceState

SLOW_DELETION_SECONDS: Final = 120

_TIMEOUT = Reason(
    "StartTimeout",
    "The workspace did not become ready within 5 minutes.",
    "Restart it; if that does not help, tell the people who run this cluster.",
)
_VANISHED = Reason(
    "NamespaceVanished",
    "The workspace's namespace is gone from the cluster, and its volume with it.",
    "Somebody deleted it in the cluster. Starting the workspace makes it anew.",
)
_DELETED_OUTSIDE = Reason(
    "DeletedOutside",
    "Somebody deletes the workspace's namespace in the cluster.",
    "Its data goes with it. Tell the people who run this cluster.",
)
_SLOW_DELETION = Reason(
    "DeletionSlow",
    "The cluster has not finished deleting the workspace after 2 minutes.",
    "A finalizer may hold an object back: tell the people who run this cluster.",
)


def observe(report: WorkspaceReport, state: WorkspaceState, now: float) -> Observation:
    """Return the actual state that a report shows, and why it is not as wished.

    ``now`` is the control plane's clock in seconds; graces run from ``state.actual_at``.
    """
    if state.is_leaving or report.tombstone is not None:
        return _ending(report, state, now)
    if report.namespace == "Terminating":
        return Observation(ActualState.TERMINATING, _DELETED_OUTSIDE)
    if refused := _refused(report, state):
        return refused
    if report.namespace == "Absent":
        if state.was_here:
            return Observation(ActualState.UNKNOWN, _VANISHED)
        return Observation(ActualState.CREATION_REQUESTED)
    if report.deployment is None:
        return Observation(_unapplied(report, state))
    applied = _applied(report, report.deployment, state, now)
    return replace(applied, altered=_is_scaled_by_hand(report, report.deployment, state))


def overdue(state: WorkspaceState, now: float) -> Observation | None:
    """Return what becomes of a workspace by the passing of time alone, None for nothing.

    A Deployment's own deadline counts for its first start only, and a cluster that has nothing new
    to say sends no report: the sweep asks here.
    """
    if _waited(state, now) < START_DEADLINE_SECONDS:
        return None
    return Observation(ActualState.FAILED, state.reason or _TIMEOUT)


def _ending(report: WorkspaceReport, state: WorkspaceState, now: float) -> Observation:
    """The end is confirmed by a tombstone of the generation that asked for it, never by absence."""
    buried = report.tombstone is not None and report.tombstone >= state.generation
    if report.namespace == "Absent" and not report.pods:
        return Observation(ActualState.TERMINATED if buried else state.actual)
    if refused := _refused(report, state):
        return refused
    if report.tombstone is None and report.namespace == "Active":
        # The agent has not begun.
        return Observation(state.actual, state.reason)
    slow = (
        state.actual is ActualState.TERMINATING and now - state.actual_at >= SLOW_DELETION_SECONDS
    )
    return Observation(ActualState.TERMINATING, _SLOW_DELETION if slow else None)


def _refused(report: WorkspaceReport, state: WorkspaceState) -> Observation | None:
    error = report.apply_error
    if error is None or error.generation < state.generation:
        return None
    if error.status == 0 and report.generation == state.generation:
        # The agent refused an order itself, and what we ask for is there: it was none of ours.
        return None
    found = reasons.find((symptoms.of_apply_error(error),))
    if found is None:
        return None
    retrying = found.reason.retrying and not error.final
    return Observation(ActualState.ERROR, replace(found.reason, retrying=retrying))


def _is_scaled_by_hand(
    report: WorkspaceReport, deployment: DeploymentFacts, state: WorkspaceState
) -> bool:
    is_ours = report.generation == state.generation
    return is_ours and deployment.replicas != EFFECTS[state.desired].replicas


def _unapplied(report: WorkspaceReport, state: WorkspaceState) -> ActualState:
    """The namespace is there, the Deployment is not: it comes last."""
    if EFFECTS[state.desired].replicas:
        return ActualState.STARTING
    return ActualState.STOPPING if report.pods else ActualState.STOPPED


def _applied(
    report: WorkspaceReport, deployment: DeploymentFacts, state: WorkspaceState, now: float
) -> Observation:
    seen = deployment.observed_generation >= deployment.generation
    if not deployment.replicas:
        stopped = seen and not deployment.current and not _has_pods(report, state)
        return Observation(ActualState.STOPPED if stopped else ActualState.STOPPING)
    if not seen:
        # The status is of an older spec: it says nothing of this one.
        if state.actual in {ActualState.STARTING, ActualState.RUNNING, ActualState.FAILED}:
            return Observation(state.actual, state.reason)
        return Observation(ActualState.STARTING)
    if _is_ready(deployment):
        return Observation(ActualState.RUNNING)
    return _not_ready(report, state, now)


def _has_pods(report: WorkspaceReport, state: WorkspaceState) -> bool:
    """Where the pods are not counted yet, what was known of this generation holds: an agent that
    starts anew makes no stopped workspace stopping."""
    if report.pods is not None:
        return report.pods > 0
    is_known = state.acknowledged == report.generation
    return not (is_known and state.actual is ActualState.STOPPED)


def _is_ready(deployment: DeploymentFacts) -> bool:
    wanted = deployment.replicas
    return deployment.updated >= wanted and deployment.available >= wanted


def _not_ready(report: WorkspaceReport, state: WorkspaceState, now: float) -> Observation:
    found = reasons.find(symptoms.of_report(report))
    held = state.reason if state.actual is ActualState.FAILED else None
    waited = _waited(state, now)
    late = waited >= START_DEADLINE_SECONDS or _is_past_deadline(report)
    if found:
        again = held is not None and held.code == found.reason.code
        if late or again or waited >= found.row.grace:
            # The kubelet tells a cause once, and then only that it waits before it tries again.
            return Observation(ActualState.FAILED, held if again and found.mute else found.reason)
    if held and reasons.sticks(held.code):
        return Observation(ActualState.FAILED, held)
    if late:
        return Observation(ActualState.FAILED, _TIMEOUT)
    return Observation(ActualState.STARTING, found.reason if found else None)


def _waited(state: WorkspaceState, now: float) -> float:
    return now - state.actual_at if state.actual is ActualState.STARTING else 0.0


def _is_past_deadline(report: WorkspaceReport) -> bool:
    return report.deployment is not None and any(
        condition.reason == "ProgressDeadlineExceeded" and condition.status == "False"
        for condition in report.deployment.conditions
    )
