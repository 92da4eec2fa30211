"""From live objects to reports."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from berth_agent.events import Changed
from berth_agent.report import report_of
from berth_agent.troubles import troubles_of
from berth_agent.view import View, WorkspaceFacts
from berth_kube.projections import PodStatus, number_of
from chalicelib.wire.reconcile import WorkspaceReport
from tests.agent.objects import deployment, gone, namespace, pod, seen, tombstone, warning

A, B = "ws-00000000000a", "ws-00000000000b"
PULL = pod(A, 30, waiting="ImagePullBackOff")

HISTORIES: list[list[Changed]] = [
    [seen(namespace(A, 10)), seen(namespace(A, 41, leaving=True))],
    [seen(deployment(A, 11, available=0)), seen(deployment(A, 25, generation=2, available=0))],
    [seen(pod(A, 20)), seen(PULL)],
    [seen(pod(A, 21, name="workspace-0")), gone(pod(A, 21, name="workspace-0"), 33)],
    [seen(warning(A, 31, "FailedMount", PULL)), seen(warning(A, 32, "FailedMount", PULL))],
    [seen(tombstone(A, 40, 3))],
    [seen(namespace(B, 12)), gone(namespace(B, 12), 50)],
]


def report_after(changes: list[Changed], workspace_id: str = A) -> WorkspaceReport:
    """The report once all changes are taken in."""
    view = View()
    for changed in changes:
        view.take(changed.change)
    return report_of(view.facts(workspace_id))


@given(st.data())
def test_any_order_of_events_ends_in_the_same_reports(data: st.DataObject) -> None:
    """Each object's own history is in order, as a watch has it; across objects any order will do."""
    reference = [change for history in HISTORIES for change in history]
    rest = [list(history) for history in HISTORIES]
    mixed: list[Changed] = []
    while any(rest):
        index = data.draw(st.sampled_from([i for i, history in enumerate(rest) if history]))
        mixed.append(rest[index].pop(0))
    for workspace_id in (A, B):
        assert report_after(mixed, workspace_id) == report_after(reference, workspace_id)


def test_a_report_says_what_is_live() -> None:
    """Generation and digests are those of the Deployment, the version is the highest seen."""
    report = report_after([seen(namespace(A, 10)), seen(deployment(A, 14)), seen(pod(A, 12))])
    assert (report.resource_version, report.generation, report.namespace) == (14, 1, "Active")
    assert (report.spec_digest, report.secrets_digest, report.pods) == ("spec", "secrets", 1)


def test_events_do_not_order_reports() -> None:
    """The version of an event is no version of the workspace: large clusters store them apart."""
    assert (
        report_after(
            [seen(namespace(A, 10)), seen(warning(A, 999, "FailedMount"))]
        ).resource_version
        == 10
    )


def test_labels_outside_their_namespace_are_not_ours() -> None:
    """A Deployment that carries a workspace's labels elsewhere is nobody's report."""
    stray = deployment(A, 5)
    moved = stray.__class__(
        metadata=stray.metadata.__class__(
            name="workspace",
            namespace="default",
            labels=stray.metadata.labels,
            resource_version="5",
        )
    )
    assert View().take(seen(moved).change) is None


def container(name: str = "dev", **state: Any) -> list[dict[str, Any]]:
    """One container's status."""
    return [{"name": name, **state}]


def ended(reason: str, code: int) -> dict[str, Any]:
    """A state that ended."""
    return {"terminated": {"reason": reason, "exitCode": code, "message": "m" * 600}}


CRASH = {"waiting": {"reason": "CrashLoopBackOff"}}
UNSCHEDULABLE = [{"type": "PodScheduled", "status": "False", "reason": "Unschedulable"}]


@pytest.mark.parametrize(
    "live, expected",
    [
        (pod(A, 1, waiting="ErrImagePull"), ("container", "ErrImagePull", "", None)),
        (
            pod(A, 1, waiting="CreateContainerConfigError"),
            ("container", "CreateContainerConfigError", "", None),
        ),
        (
            pod(
                A,
                1,
                containers=container(
                    state=CRASH, lastState=ended("OOMKilled", 137), restartCount=4
                ),
            ),
            ("container", "CrashLoopBackOff", "OOMKilled", 137),
        ),
        (
            pod(A, 1, containers=container(state={"running": {}}, lastState=ended("Error", 3))),
            ("container", "Error", "Error", 3),
        ),
        (
            pod(A, 1, init=container("berth-clone", state=CRASH, lastState=ended("Error", 128))[0]),
            ("init", "CrashLoopBackOff", "Error", 128),
        ),
        (pod(A, 1, conditions=UNSCHEDULABLE), ("pod", "Unschedulable", "", None)),
    ],
    ids=["pull", "configuration", "crash loop", "between crashes", "clone", "unschedulable"],
)
def test_troubles_are_told(live: Any, expected: tuple[str, str, str, int | None]) -> None:
    """Each trouble of a pod is told with Kubernetes's own words and its exit code."""
    facts = WorkspaceFacts(A, deployments={"d": deployment(A, 1, available=0)}, pods={"p": live})
    (trouble,) = troubles_of(facts)
    assert (trouble.source, trouble.reason, trouble.detail, trouble.exit_code) == expected
    assert len(trouble.message) <= 512


def test_the_cause_of_an_end_is_told_while_the_kubelet_waits() -> None:
    """Between two tries a container's own last words are told, not that the kubelet waits."""
    waits = {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 10s restarting"}}
    last = {"terminated": {"reason": "Error", "exitCode": 1, "message": "no branch nope"}}
    silent = {"terminated": {"reason": "Error", "exitCode": 1}}
    pull = {"waiting": {"reason": "ErrImagePull", "message": "manifest unknown"}}
    told = []
    for state, before in ((waits, last), (waits, silent), (pull, last)):
        live = pod(A, 1, init=container("berth-clone", state=state, lastState=before)[0])
        facts = WorkspaceFacts(
            A, deployments={"d": deployment(A, 1, available=0)}, pods={"p": live}
        )
        told += [trouble.message for trouble in troubles_of(facts)]
    assert told == ["no branch nope", "back-off 10s restarting", "manifest unknown"]


def test_no_trouble_is_told_of_what_serves() -> None:
    """Once the Deployment is available, or stopped, old troubles are over."""
    for live in (deployment(A, 1, available=1), deployment(A, 1, available=0, replicas=0)):
        facts = WorkspaceFacts(A, deployments={"d": live}, pods={"p": PULL})
        assert troubles_of(facts) == ()


def test_events_count_while_they_can_be_true() -> None:
    """An event of a pod that is gone, or of a mount that succeeded since, is not told."""
    waits = deployment(A, 1, available=0)
    creating = pod(A, 1, waiting="ContainerCreating")
    events = {"e": warning(A, 2, "FailedMount", creating)}
    name = creating.metadata.name
    facts = WorkspaceFacts(A, deployments={"d": waits}, pods={name: creating}, warnings=events)
    assert [t.reason for t in troubles_of(facts)] == ["FailedMount"]
    begun = pod(A, 3, containers=container(state={"running": {}}))
    facts.pods = {name: begun}
    assert troubles_of(facts) == ()
    facts.pods = {}
    assert troubles_of(facts) == ()


@pytest.mark.parametrize(
    "reason, message, expected",
    [
        ("Failed", 'Failed to pull image "x": no such host', ["ErrImagePull"]),
        ("InspectFailed", 'Failed to apply default image tag "X": bad', ["InvalidImageName"]),
        ("Failed", 'Error: secret "berth-environment" not found', ["CreateContainerConfigError"]),
        ("Failed", "Error: ErrImagePull", []),
        ("BackOff", "Back-off restarting failed container", []),
    ],
)
def test_event_stands_for_a_status_that_lags(
    reason: str, message: str, expected: list[str]
) -> None:
    """The kubelet's event names the failure until the container's own status does, of that very pod."""
    waits = deployment(A, 1, available=0)
    live = pod(A, 1, waiting="PodInitializing")
    field = f"spec.containers{{{live.status.container_statuses[0].name}}}"
    event = warning(A, 2, reason, live, field=field, message=message)
    facts = WorkspaceFacts(
        A, deployments={"d": waits}, pods={live.metadata.name: live}, warnings={"e": event}
    )
    assert [t.reason for t in troubles_of(facts)] == expected

    told = pod(A, 3, waiting="ImagePullBackOff")
    facts.pods = {live.metadata.name: told}
    assert [t.reason for t in troubles_of(facts)] == ["ImagePullBackOff"]

    facts.pods = {}
    assert troubles_of(facts) == ()


def test_the_worst_comes_first() -> None:
    """A container that cannot start is told before the mount that failed on the way."""
    live = pod(A, 1, waiting="CrashLoopBackOff", conditions=UNSCHEDULABLE)
    facts = WorkspaceFacts(A, deployments={"d": deployment(A, 1, available=0)}, pods={"p": live})
    assert [t.reason for t in troubles_of(facts)] == ["CrashLoopBackOff", "Unschedulable"]


@pytest.mark.parametrize("nonsense", ["9" * 20, "9" * 5000, "-1", "1e9", "٣", ""])
def test_a_tampered_generation_is_none(nonsense: str) -> None:
    """What an administrator of the cluster wrote over a generation stops no report."""
    assert number_of(nonsense) == 0
    assert report_after([seen(deployment(A, 11, generation=nonsense))]).generation == 0
    assert report_after([seen(tombstone(A, 40, nonsense))]).tombstone == 0


def test_a_pod_that_ended_is_no_pod_any_more() -> None:
    """An evicted pod stays listed when its Deployment is scaled down, and holds up no stop; one that is
    being removed does until it is gone."""
    evicted = replace(pod(A, 20, name="workspace-0"), status=PodStatus(phase="Failed"))
    report = report_after([seen(evicted), seen(pod(A, 21, name="workspace-1"))])
    assert report.pods == 1
    leaving = replace(
        evicted, metadata=replace(evicted.metadata, deletion_timestamp="2030-01-01T00:00:00Z")
    )
    assert report_after([seen(leaving)]).pods == 1
