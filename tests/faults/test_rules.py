"""The rules are not blind: each finds a history, or a state, that it forbids."""

import pytest

from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, VOLUME_CLAIM, Kind
from chalicelib.wire import labels
from tests.faults import rules
from tests.faults.history import Object, Version

WORKSPACE = "ws-000000000001"
PLACE = labels.namespace_of(WORKSPACE)
SHOWN = {"id": WORKSPACE, "desired": "Running", "actual": "Running", "generation": 2}


def version(kind: Kind, event: str, at: int, name: str = PLACE, **more: object) -> Version:
    """A version of an object of the workspace. ``more``: generation, replicas, uid, ends, ready."""
    metadata: Object = {"name": name, "uid": more.get("uid", name)}
    if kind is not NAMESPACE:
        metadata["namespace"] = PLACE
    if "generation" in more:
        metadata["annotations"] = {labels.GENERATION: str(more["generation"])}
    if more.get("ends"):
        metadata["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    ready = {"type": "Ready", "status": str(bool(more.get("ready")))}
    spec = {"replicas": more.get("replicas")}
    status = {"phase": more.get("phase", "Running"), "conditions": [ready]}
    return Version(kind, event, at, {"metadata": metadata, "spec": spec, "status": status})


BROKEN = {
    "INV-2": [version(NAMESPACE, "DELETED", 1), version(CONFIG_MAP, "ADDED", 2)],
    "INV-3": [version(VOLUME_CLAIM, "MODIFIED", 1, "home", ends=True)],
    "INV-10: two pods": [version(POD, "ADDED", 1, "a"), version(POD, "ADDED", 2, "b")],
    "INV-10: two volumes": [
        version(VOLUME_CLAIM, "ADDED", 1, "home", uid="one"),
        version(VOLUME_CLAIM, "ADDED", 2, "home", uid="two"),
    ],
    "INV-11": [
        version(DEPLOYMENT, "ADDED", 1, "workspace", generation=3),
        version(DEPLOYMENT, "MODIFIED", 2, "workspace", generation=2),
    ],
}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_history_that_breaks_a_rule_is_found(rule: str) -> None:
    """Exactly the rule that it breaks is told."""
    doomed = {WORKSPACE} if rule == "INV-2" else set[str]()
    found = rules.broken(BROKEN[rule], doomed)
    assert [each.partition(":")[0] for each in found] == [rule.partition(":")[0]]


def test_a_life_without_a_fault_breaks_none() -> None:
    """Made, stopped and started with one pod after another, and ended because somebody asked."""
    lived = [
        version(NAMESPACE, "ADDED", 1),
        version(CONFIG_MAP, "ADDED", 2, generation=1),
        version(VOLUME_CLAIM, "ADDED", 3, "home"),
        version(DEPLOYMENT, "ADDED", 4, "workspace", generation=1),
        version(POD, "ADDED", 5, "a"),
        version(POD, "DELETED", 6, "a"),
        version(POD, "ADDED", 7, "b"),
        version(POD, "MODIFIED", 8, "b", phase="Failed"),
        version(POD, "ADDED", 9, "c"),
        version(VOLUME_CLAIM, "DELETED", 10, "home"),
        version(NAMESPACE, "DELETED", 11),
    ]
    assert rules.broken(lived, {WORKSPACE}) == []


LIVE = [
    version(NAMESPACE, "LISTED", 1),
    version(CONFIG_MAP, "LISTED", 2, generation=2),
    version(VOLUME_CLAIM, "LISTED", 3, "home"),
    version(DEPLOYMENT, "LISTED", 4, "workspace", generation=2, replicas=1),
    version(POD, "LISTED", 5, "a", ready=True),
]


@pytest.mark.parametrize(
    "rule, shown, missing, instead",
    [
        ("INV-21", {"actual": "Starting"}, None, []),
        ("INV-21", {"acknowledged": 1}, None, []),
        ("INV-10", {}, VOLUME_CLAIM, []),
        ("INV-11", {}, DEPLOYMENT, [version(DEPLOYMENT, "LISTED", 6, generation=1, replicas=1)]),
        ("INV-11", {}, DEPLOYMENT, [version(DEPLOYMENT, "LISTED", 6, generation=2, replicas=0)]),
        ("INV-11", {}, CONFIG_MAP, [version(CONFIG_MAP, "LISTED", 6, generation=3)]),
        ("INV-23", {}, POD, []),
        ("INV-24", {"desired": "Terminated", "actual": "Terminated"}, None, LIVE[:1]),
    ],
)
def test_a_state_that_is_not_as_wanted_is_found(
    rule: str, shown: dict[str, object], missing: Kind | None, instead: list[Version]
) -> None:
    """What is not as it is wanted and shown is told by its rule, and nothing once it is."""
    whole = {**SHOWN, "acknowledged": 2}
    assert rules.unsettled([whole], LIVE) == []
    live = [each for each in LIVE if each.kind is not missing] + instead
    if rule == "INV-24":
        live = instead
    found = rules.unsettled([{**whole, **shown}], live)
    assert [each.partition(":")[0] for each in found] == [rule]
