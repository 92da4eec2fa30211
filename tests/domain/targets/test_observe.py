"""From what an agent reports to what people are told."""

import json
import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.targets import TARGETS, facts
from chalicelib.domain.targets.kubernetes.reasons.table import ROWS
from chalicelib.domain.targets.kubernetes.wording import shown
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import Reason, WorkspaceState
from chalicelib.wire import reconcile as wire

TARGET = TARGETS["kubernetes"]
NOW = 1_800_000_000.0
CASES: list[dict[str, Any]] = json.loads((Path(__file__).parent / "reasons.json").read_text())

STATE = WorkspaceState(
    workspace_id="ws-abcdefghjkmn",
    version=4,
    desired=DesiredState.RUNNING,
    actual=ActualState.STARTING,
    generation=3,
    acknowledged=3,
    desired_at=NOW - 10,
    actual_at=NOW - 10,
)
STARTING = facts.DeploymentFacts(generation=5, observed_generation=5, current=1, updated=1)
READY = replace(STARTING, available=1)
SCALED_DOWN = facts.DeploymentFacts(generation=6, observed_generation=6, replicas=0)
REPORT = facts.WorkspaceReport(
    "ws-abcdefghjkmn", 900, "Active", generation=3, pods=1, deployment=STARTING
)
CRASHED = Reason("CrashLoop", "Container app crashes again and again.")


def translated(report: wire.WorkspaceReport) -> facts.WorkspaceReport:
    """Translate a message field by field, as the names promise."""

    def values(message: Any, kind: type) -> dict[str, Any]:
        return {field.name: getattr(message, field.name) for field in fields(kind)}

    deployment, error = report.deployment, report.apply_error
    return facts.WorkspaceReport(
        **values(report, facts.WorkspaceReport)
        | {
            "deployment": deployment
            and facts.DeploymentFacts(
                **values(deployment, facts.DeploymentFacts)
                | {
                    "conditions": tuple(
                        facts.Condition(**values(c, facts.Condition)) for c in deployment.conditions
                    )
                }
            ),
            "troubles": tuple(facts.Trouble(**values(t, facts.Trouble)) for t in report.troubles),
            "apply_error": error and facts.ApplyError(**values(error, facts.ApplyError)),
        }
    )


@pytest.mark.parametrize(
    "fact, message",
    [
        (facts.WorkspaceReport, wire.WorkspaceReport),
        (facts.DeploymentFacts, wire.DeploymentFacts),
        (facts.Condition, wire.Condition),
        (facts.Trouble, wire.Trouble),
        (facts.ApplyError, wire.ApplyError),
    ],
)
def test_facts_are_the_wire(fact: type, message: type[wire.Message]) -> None:
    """The domain's facts and the agent's messages have the same fields."""
    assert {field.name for field in fields(fact)} == set(message.model_fields)


@pytest.mark.parametrize("case", CASES, ids=[case["case"] for case in CASES])
def test_reason(case: dict[str, Any]) -> None:
    """Each thing that goes wrong is told by its own code, in words that give nothing away."""
    message = wire.WorkspaceReport.model_validate(
        {
            "workspace_id": "ws-abcdefghjkmn",
            "resource_version": 900,
            "namespace": "Active",
            "generation": case.get("generation", 3),
            "pods": 1,
            "deployment": {
                "generation": 5,
                "observed_generation": 5,
                "current": 1,
                "updated": 1,
                "conditions": case.get("conditions", []),
            },
            "troubles": case.get("troubles", []),
            "apply_error": case.get("apply_error"),
        }
    )
    state = replace(STATE, actual_at=NOW - case.get("waited", 10))
    seen = TARGET.observe(translated(message), state, NOW)
    assert seen.actual == case["actual"]
    if case["code"] is None:
        assert seen.reason is None
        return
    assert seen.reason is not None
    assert seen.reason.code == case["code"]
    assert case.get("says", "") in seen.reason.message
    for secret in case.get("silent", []):
        assert secret not in seen.reason.message
    assert len(seen.reason.message) <= 300
    assert seen.reason.hint
    if "retrying" in case:
        assert seen.reason.retrying is case["retrying"]


def test_every_code_has_a_case() -> None:
    """No code of the table is without a case here."""
    assert {row.code for row in ROWS} == {case["code"] for case in CASES if case["code"]}


@pytest.mark.parametrize(
    "name, report, state, actual, code",
    [
        ("not there yet", replace(REPORT, namespace="Absent", deployment=None, pods=0),
         replace(STATE, acknowledged=0), "CreationRequested", None),
        ("namespace made", replace(REPORT, deployment=None, pods=0),
         replace(STATE, acknowledged=0), "Starting", None),
        ("ready", replace(REPORT, deployment=READY), STATE, "Running", None),
        ("ready, with an old trouble", replace(REPORT, deployment=READY, troubles=(
            facts.Trouble("event", "Unhealthy"),)), STATE, "Running", None),
        ("old pod still ends", replace(REPORT, deployment=READY, pods=2), STATE, "Running", None),
        ("available, but of the old template", replace(REPORT, deployment=replace(
            READY, updated=0)), STATE, "Starting", None),
        ("status of an older spec", replace(REPORT, deployment=replace(
            READY, generation=6)), STATE, "Starting", None),
        ("status of an older spec while running", replace(REPORT, deployment=replace(
            STARTING, generation=6)), replace(STATE, actual=ActualState.RUNNING), "Running", None),
        ("status of an older spec after a stop", replace(REPORT, deployment=replace(
            STARTING, generation=6)), replace(STATE, actual=ActualState.STOPPED), "Starting", None),
        ("stopping", replace(REPORT, deployment=SCALED_DOWN, pods=1),
         replace(STATE, desired=DesiredState.STOPPED), "Stopping", None),
        ("stopping, status behind", replace(REPORT, deployment=replace(
            SCALED_DOWN, observed_generation=5), pods=0),
         replace(STATE, desired=DesiredState.STOPPED), "Stopping", None),
        ("stopped", replace(REPORT, deployment=SCALED_DOWN, pods=0),
         replace(STATE, desired=DesiredState.STOPPED), "Stopped", None),
        ("scaled down, pods not counted", replace(REPORT, deployment=SCALED_DOWN, pods=None),
         replace(STATE, desired=DesiredState.STOPPED), "Stopping", None),
        ("stopped long ago, pods not counted anew", replace(
            REPORT, deployment=SCALED_DOWN, pods=None), replace(STATE, actual=ActualState.STOPPED),
         "Stopped", None),
        ("stopped, then stopped anew, pods not counted", replace(
            REPORT, deployment=SCALED_DOWN, pods=None),
         replace(STATE, actual=ActualState.STOPPED, acknowledged=2), "Stopping", None),
        ("stopped, and asked to run", replace(REPORT, deployment=SCALED_DOWN, pods=0), STATE,
         "Stopped", None),
        ("running, and asked to stop", replace(REPORT, deployment=READY),
         replace(STATE, desired=DesiredState.STOPPED), "Running", None),
        ("restart, down", replace(REPORT, deployment=SCALED_DOWN, pods=0),
         replace(STATE, desired=DesiredState.RESTART_REQUESTED), "Stopped", None),
        ("crashed, now between two crashes", REPORT,
         replace(STATE, actual=ActualState.FAILED, reason=CRASHED), "Failed", "CrashLoop"),
        ("crashed, healed", replace(REPORT, deployment=READY),
         replace(STATE, actual=ActualState.FAILED, reason=CRASHED), "Running", None),
        ("crashed, then stopped and started", REPORT,
         replace(STATE, actual=ActualState.STOPPED, reason=None), "Starting", None),
        ("no node failed, and still none", replace(REPORT, troubles=(
            facts.Trouble("pod", "Unschedulable"),)),
         replace(STATE, actual=ActualState.FAILED, reason=Reason("NoNode", "x")), "Failed",
         "NoNode"),
        ("no node failed, and one came", REPORT,
         replace(STATE, actual=ActualState.FAILED, reason=Reason("NoNode", "x")), "Starting", None),
        ("takes too long", REPORT, replace(STATE, actual_at=NOW - 301), "Failed", "StartTimeout"),
        ("unhealthy after it ran", replace(REPORT, troubles=(
            facts.Trouble("container", "CrashLoopBackOff", "app"),)),
         replace(STATE, actual=ActualState.RUNNING, actual_at=NOW - 9999), "Failed", "CrashLoop"),
        ("lost its readiness after it ran", REPORT,
         replace(STATE, actual=ActualState.RUNNING, actual_at=NOW - 9999), "Starting", None),
        ("namespace deleted by others", replace(REPORT, namespace="Terminating"), STATE,
         "Terminating", "DeletedOutside"),
        ("namespace gone", replace(REPORT, namespace="Absent", deployment=None, pods=0), STATE,
         "Unknown", "NamespaceVanished"),
        ("to end, not begun", replace(REPORT, deployment=READY),
         replace(STATE, desired=DesiredState.TERMINATED, actual=ActualState.RUNNING), "Running",
         None),
        ("to end, tombstone written", replace(REPORT, tombstone=3),
         replace(STATE, desired=DesiredState.TERMINATED), "Terminating", None),
        ("to end, namespace goes", replace(REPORT, namespace="Terminating", tombstone=3),
         replace(STATE, desired=DesiredState.TERMINATED), "Terminating", None),
        ("to end, slowly", replace(REPORT, namespace="Terminating", tombstone=3),
         replace(STATE, desired=DesiredState.TERMINATED, actual=ActualState.TERMINATING,
                 actual_at=NOW - 121), "Terminating", "DeletionSlow"),
        ("ended", replace(REPORT, namespace="Absent", tombstone=3, deployment=None, pods=0),
         replace(STATE, desired=DesiredState.TERMINATED, actual=ActualState.TERMINATING),
         "Terminated", None),
        ("gone without a tombstone", replace(
            REPORT, namespace="Absent", deployment=None, pods=0),
         replace(STATE, desired=DesiredState.TERMINATED, actual=ActualState.TERMINATING),
         "Terminating", None),
        ("tombstone of an older generation", replace(
            REPORT, namespace="Absent", tombstone=2, deployment=None, pods=0),
         replace(STATE, desired=DesiredState.TERMINATED, actual=ActualState.TERMINATING),
         "Terminating", None),
        ("an order refused by the agent, of what is there", replace(
            REPORT, deployment=READY, apply_error=facts.ApplyError(3, "Order", 0, final=True)),
         STATE, "Running", None),
        ("an order refused by the agent, of what is not there", replace(
            REPORT, deployment=READY, generation=2,
            apply_error=facts.ApplyError(3, "Order", 0, reason="RefusedByAgent", final=True)),
         STATE, "Error", "ApplyRefusedByAgent"),
        ("cannot be ended", replace(REPORT, apply_error=facts.ApplyError(
            3, "Namespace", 403, final=True)),
         replace(STATE, desired=DesiredState.TERMINATED), "Error", "ApplyForbidden"),
    ],
)  # fmt: skip
def test_state(
    name: str, report: facts.WorkspaceReport, state: WorkspaceState, actual: str, code: str | None
) -> None:
    """The facts decide the state, and what was known before decides only what they leave open."""
    seen = TARGET.observe(report, state, NOW)
    assert seen.actual == actual, name
    assert (seen.reason and seen.reason.code) == code, name


def test_a_cause_that_was_told_once_is_kept() -> None:
    """Between two tries the kubelet says only that it waits: the cause told before stays."""
    told = facts.Trouble("init", "Error", "berth-clone", exit_code=1, message="no branch nope")
    first = TARGET.observe(replace(REPORT, troubles=(told,)), STATE, NOW)
    waiting = replace(
        told, reason="CrashLoopBackOff", message="back-off 20s restarting failed container=x"
    )
    state = replace(STATE, actual=first.actual, reason=first.reason)
    later = TARGET.observe(replace(REPORT, troubles=(waiting,)), state, NOW)
    assert later == first
    assert later.reason is not None
    assert "no branch nope" in later.reason.message
    other = TARGET.observe(
        replace(REPORT, troubles=(replace(told, message="no such host"),)), state, NOW
    )
    assert other.reason is not None
    assert "no such host" in other.reason.message


def test_time_alone_ends_a_start() -> None:
    """What starts for five minutes has failed though no report came, for the reason known last."""
    assert TARGET.overdue(STATE, NOW) is None
    assert TARGET.overdue(replace(STATE, actual=ActualState.RUNNING, actual_at=0), NOW) is None
    late = TARGET.overdue(replace(STATE, actual_at=NOW - 300), NOW)
    assert late is not None
    assert late.actual is ActualState.FAILED
    assert late.reason is not None
    assert late.reason.code == "StartTimeout"
    known = TARGET.overdue(replace(STATE, actual_at=NOW - 300, reason=Reason("NoNode", "x")), NOW)
    assert known is not None
    assert known.reason == Reason("NoNode", "x")


reports = st.builds(
    facts.WorkspaceReport,
    workspace_id=st.just("ws-abcdefghjkmn"),
    resource_version=st.integers(0, 9),
    namespace=st.sampled_from(["Absent", "Active", "Terminating"]),
    generation=st.integers(0, 4),
    tombstone=st.none() | st.integers(1, 4),
    pods=st.integers(0, 2),
    deployment=st.none()
    | st.builds(
        facts.DeploymentFacts,
        generation=st.integers(1, 3),
        observed_generation=st.integers(0, 3),
        replicas=st.integers(0, 1),
        current=st.integers(0, 1),
        updated=st.integers(0, 1),
        available=st.integers(0, 1),
    ),
    troubles=st.lists(
        st.builds(
            facts.Trouble,
            source=st.sampled_from(["container", "init", "pod", "event", "claim"]),
            reason=st.sampled_from(sorted({r for row in ROWS for r in row.reasons})),
            message=st.text(max_size=600),
            exit_code=st.none() | st.integers(0, 255),
        ),
        max_size=3,
    ).map(tuple),
)


@given(reports, st.sampled_from(DesiredState), st.sampled_from(ActualState))
def test_any_facts_are_read(
    report: facts.WorkspaceReport, desired: DesiredState, actual: ActualState
) -> None:
    """Whatever is reported, a state comes out; it is never Running without an available pod, never
    Stopped with one, never Terminated without a tombstone; a failure always has a reason."""
    state = replace(STATE, desired=desired, actual=actual)
    seen = TARGET.observe(report, state, NOW)
    deployment = report.deployment
    changed = seen.actual is not actual
    if seen.actual is ActualState.RUNNING and changed:
        assert deployment is not None
        assert deployment.available
    if seen.actual is ActualState.STOPPED and changed:
        assert report.pods == 0
    if seen.actual is ActualState.TERMINATED and changed:
        assert report.tombstone is not None
        assert report.tombstone >= state.generation
    if seen.actual in {ActualState.FAILED, ActualState.ERROR} and changed:
        assert seen.reason is not None
    if seen.reason:
        assert len(seen.reason.message) <= 300
        assert re.search(r"[\x00-\x1f]", seen.reason.message) is None


@pytest.mark.parametrize(
    "said, told",
    [
        ("", ""),
        ("\n\n  first line \nsecond", "first line"),
        ("a\tb\x1b[31mc", "a b [31mc"),
        ("https://u:p@h.example/x", "https://h.example/x"),
        ("Authorization: Bearer abcdef", "Authorization: ... ..."),
        ("token=abc123 refused", "token=... refused"),
        ("password is not set", "password is not set"),
        ("eyJhbGciOi.eyJzdWIi.c2ln", "..."),
        ("dial tcp [fd00::1]:443: timeout", "dial tcp an address: timeout"),
        ("x" * 600, "x" * 297 + "..."),
    ],
)
def test_wording(said: str, told: str) -> None:
    """What a cluster says is cut to one line without credentials and addresses."""
    assert shown(said) == told


@pytest.mark.parametrize(
    "desired, generation, altered",
    [
        (DesiredState.RUNNING, 3, True),
        (DesiredState.STOPPED, 3, False),
        (DesiredState.RUNNING, 2, False),
    ],
)
def test_who_scales_by_hand_is_corrected(
    desired: DesiredState, generation: int, *, altered: bool
) -> None:
    """Replicas other than the generation on the object asks for were set by somebody else."""
    report = replace(REPORT, deployment=SCALED_DOWN, generation=generation, pods=0)
    observed = TARGET.observe(report, replace(STATE, desired=desired), NOW)
    assert observed.altered is altered
