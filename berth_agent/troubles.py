"""Which facts of pods, claims and Warning events are worth telling, the most telling first.

The words are Kubernetes's own (kubelet, scheduler and controllers of 1.36, each seen); what they
mean for a person is the control plane's to say.
"""

from __future__ import annotations

from collections.abc import Iterator

from berth_agent.forewarnings import forewarnings_of
from berth_agent.view import WorkspaceFacts
from berth_kube.projections import ContainerStatus, Deployment, Event, Pod
from chalicelib.wire.reconcile import Trouble

LIMIT = 8
MESSAGE = 512
NAME = 128

_BENIGN = frozenset({"", "ContainerCreating", "PodInitializing"})
"""Waiting reasons of a container whose turn has not come."""

_CONDITIONS = {"PodScheduled": "False", "DisruptionTarget": "True"}
"""Pod conditions that explain something, in the status in which they do."""

_BEFORE_SCHEDULING = frozenset({"FailedScheduling", "NotTriggerScaleUp"})
_BEFORE_CONTAINERS = frozenset(
    {
        "FailedMount",
        "FailedAttachVolume",
        "FailedMapVolume",
        "FailedCreatePodSandBox",
        "NetworkNotReady",
    }
)
_CLAIM = frozenset({"ProvisioningFailed", "FailedBinding", "VolumeFailedDelete"})
_ANY_TIME = frozenset({"Unhealthy", "FailedPostStartHook", "Evicted", "NodeNotReady"})

_RANK = {
    reason: rank
    for rank, reasons in enumerate(
        (
            (
                "InvalidImageName",
                "ErrImageNeverPull",
                "CreateContainerConfigError",
                "CreateContainerError",
                "RunContainerError",
                "PostStartHookError",
            ),
            ("CrashLoopBackOff", "OOMKilled", "StartError", "ContainerCannotRun"),
            (
                "ImagePullBackOff",
                "ErrImagePull",
                "RegistryUnavailable",
                "SignatureValidationFailed",
            ),
            ("Evicted", "NodeLost", "Preempting", "UnexpectedAdmissionError"),
            ("Unschedulable", "NotTriggerScaleUp", *sorted(_CLAIM)),
            tuple(sorted(_BEFORE_CONTAINERS)),
        )
    )
    for reason in reasons
}
_LATER = len(set(_RANK.values()))


def troubles_of(facts: WorkspaceFacts) -> tuple[Trouble, ...]:
    """At most ``LIMIT``, the most telling first; none while all is as wished."""
    deployment = facts.deployment
    if deployment is None or deployment.spec.replicas == 0 or is_available(deployment):
        return ()
    found = [*_of_pods(facts), *_of_forewarnings(facts), *_of_warnings(facts)]
    found.sort(key=lambda t: (_RANK.get(t.reason, _LATER), t.source, t.name, t.reason, t.message))
    return tuple(found[:LIMIT])


def is_available(deployment: Deployment) -> bool:
    """The wish is current, and every pod of it serves."""
    status = deployment.status
    return (
        status.observed_generation >= deployment.metadata.generation
        and status.updated_replicas >= deployment.spec.replicas
        and status.available_replicas >= deployment.spec.replicas
    )


def _of_pods(facts: WorkspaceFacts) -> Iterator[Trouble]:
    for pod in facts.pods.values():
        if pod.metadata.deletion_timestamp:
            continue
        for status in pod.status.init_container_statuses:
            yield from _of_container(status, init=True)
        for status in pod.status.container_statuses:
            yield from _of_container(status, init=False)
        yield from _of_pod(pod)


def _of_container(status: ContainerStatus, *, init: bool) -> Iterator[Trouble]:
    state, ended = status.state, status.state.terminated or status.last_state.terminated
    failed = ended is not None and ended.exit_code != 0
    if state.waiting is not None:
        reason, message = state.waiting.reason, state.waiting.message
        if reason in _BENIGN:
            return
        if reason == "CrashLoopBackOff" and ended is not None:
            # The kubelet says only that it waits; the last end says why, to who did not see it.
            message = ended.message or message
    elif failed and ended is not None and not status.ready:
        # Ended badly, or runs again after it did and is not ready yet: between two crashes.
        reason, message = ended.reason or "Error", ended.message
    else:
        return
    yield Trouble(
        source="init" if init else "container",
        name=status.name[:NAME],
        reason=reason[:NAME],
        detail=ended.reason[:NAME] if ended else "",
        exit_code=ended.exit_code if ended else None,
        message=message[:MESSAGE],
    )


def _of_pod(pod: Pod) -> Iterator[Trouble]:
    if pod.status.phase == "Failed":
        reason = pod.status.reason or "Failed"
        yield Trouble(source="pod", reason=reason[:NAME], message=pod.status.message[:MESSAGE])
    for condition in pod.status.conditions:
        if _CONDITIONS.get(condition.type) == condition.status:
            yield Trouble(
                source="pod",
                reason=(condition.reason or condition.type)[:NAME],
                message=condition.message[:MESSAGE],
            )


def _of_forewarnings(facts: WorkspaceFacts) -> Iterator[Trouble]:
    for said in forewarnings_of(facts, unsaid=_BENIGN):
        yield Trouble(
            source=said.source,
            name=said.name[:NAME],
            reason=said.reason,
            message=said.message[:MESSAGE],
        )


def _of_warnings(facts: WorkspaceFacts) -> Iterator[Trouble]:
    """The newest event of each reason, as far as it still can be true."""
    newest: dict[tuple[str, str], Event] = {}
    for event in facts.warnings.values():
        source = _source(event, facts)
        if source:
            key = (source, event.reason)
            known = newest.get(key)
            if known is None or _order(event) > _order(known):
                newest[key] = event
    for (source, reason), event in newest.items():
        yield Trouble(
            source="claim" if source == "claim" else "event",
            name=event.involved_object.name[:NAME] if source == "claim" else "",
            reason=reason[:NAME],
            message=event.message[:MESSAGE],
        )


def _source(event: Event, facts: WorkspaceFacts) -> str:
    """``claim``, ``event``, or nothing when the event is over or says what a status says better."""
    about = event.involved_object
    if about.kind == "PersistentVolumeClaim":
        waits = any(not _is_scheduled(pod) for pod in facts.pods.values())
        return "claim" if event.reason in _CLAIM and waits else ""
    pod = facts.pods.get(about.name) if about.kind == "Pod" else None
    if pod is None or pod.metadata.uid != about.uid or pod.metadata.deletion_timestamp:
        return ""
    if event.reason in _BEFORE_SCHEDULING:
        return "" if _is_scheduled(pod) else "event"
    if event.reason in _BEFORE_CONTAINERS:
        return "" if _has_begun(pod) else "event"
    return "event" if event.reason in _ANY_TIME else ""


def _is_scheduled(pod: Pod) -> bool:
    return any(c.type == "PodScheduled" and c.status == "True" for c in pod.status.conditions)


def _has_begun(pod: Pod) -> bool:
    """Some container ran already: its volumes and network were there."""
    statuses = pod.status.init_container_statuses + pod.status.container_statuses
    return any(s.state.running or s.state.terminated or s.last_state.terminated for s in statuses)


def _when(event: Event) -> str | None:
    series = event.series.last_observed_time if event.series else None
    return series or event.last_timestamp or event.event_time


def _order(event: Event) -> tuple[str, str]:
    return (_when(event) or "", event.metadata.name)
