"""Dynamic volumes: what is made and removed, decided from the API's lists alone."""

from pathlib import Path
from typing import Any

import pytest

from berth_local.cluster.volumes import PROVISIONER, STORAGE_CLASS, Make, Remove, decide

BASE = Path("/volumes")
NAME = "pvc-u1"


def claim(**spec: Any) -> dict[str, Any]:
    """A claim whose pod the scheduler has placed on our node."""
    return {
        "metadata": {
            "namespace": "n",
            "name": "home",
            "uid": "u1",
            "annotations": {"volume.kubernetes.io/selected-node": "n1"},
        },
        "spec": {
            "storageClassName": "standard",
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "1Gi"}},
            **spec,
        },
    }


def volume(
    phase: str = "Released", policy: str = "Delete", by: str = PROVISIONER, path: str = ""
) -> dict[str, Any]:
    """A volume as it is listed after its claim has gone."""
    return {
        "metadata": {"name": NAME, "annotations": {"pv.kubernetes.io/provisioned-by": by}},
        "spec": {
            "persistentVolumeReclaimPolicy": policy,
            "local": {"path": path or str(BASE / NAME)},
        },
        "status": {"phase": phase},
    }


def test_claim_gets_a_volume_of_its_size_on_this_node() -> None:
    """The volume is bound to its one claim, lies in a folder of its own, and can be used on our node only."""
    (decision,) = decide([STORAGE_CLASS], [claim()], [], BASE)

    assert isinstance(decision, Make)
    assert decision.folder == BASE / NAME
    assert decision.volume["metadata"]["name"] == NAME
    spec = decision.volume["spec"]
    assert spec["capacity"] == {"storage": "1Gi"}
    assert spec["local"] == {"path": "/volumes/pvc-u1"}
    assert spec["persistentVolumeReclaimPolicy"] == "Delete"
    assert {key: spec["claimRef"][key] for key in ("namespace", "name", "uid")} == {
        "namespace": "n",
        "name": "home",
        "uid": "u1",
    }
    (term,) = spec["nodeAffinity"]["required"]["nodeSelectorTerms"]
    assert term["matchExpressions"] == [
        {"key": "kubernetes.io/hostname", "operator": "In", "values": ["n1"]}
    ]


def test_second_look_makes_nothing() -> None:
    """A claim whose volume is listed already, bound or not, gets no other."""
    assert list(decide([STORAGE_CLASS], [claim()], [volume(phase="Available")], BASE)) == []


@pytest.mark.parametrize(
    "spec",
    [{"storageClassName": "other"}, {"storageClassName": None}, {"volumeName": "pvc-u1"}],
    ids=["another class", "no class", "bound"],
)
def test_claim_that_is_not_ours_is_left_alone(spec: dict[str, Any]) -> None:
    """Claims of other classes, without a class, or bound already are no concern of this provisioner."""
    assert list(decide([STORAGE_CLASS], [claim(**spec)], [], BASE)) == []


@pytest.mark.parametrize(
    "annotations", [{}, None, {"volume.kubernetes.io/selected-node": "elsewhere"}]
)
def test_claim_waits_for_its_first_pod(annotations: dict[str, str] | None) -> None:
    """Under WaitForFirstConsumer nothing is made until the scheduler has chosen our node."""
    waiting = claim()
    waiting["metadata"]["annotations"] = annotations

    assert list(decide([STORAGE_CLASS], [waiting], [], BASE)) == []


def test_claim_of_an_immediate_class_does_not_wait() -> None:
    """A class that binds at once gets its volume without a pod."""
    immediate = {**STORAGE_CLASS, "volumeBindingMode": "Immediate", "reclaimPolicy": "Retain"}
    unplaced = claim()
    unplaced["metadata"]["annotations"] = {}

    (decision,) = decide([immediate], [unplaced], [], BASE)

    assert isinstance(decision, Make)
    assert decision.volume["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_claim_that_is_being_deleted_gets_nothing() -> None:
    """A claim with a deletion timestamp is on its way out."""
    leaving = claim()
    leaving["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"

    assert list(decide([STORAGE_CLASS], [leaving], [], BASE)) == []


def test_released_volume_is_removed_with_its_folder() -> None:
    """When the claim has gone, data and volume go."""
    assert list(decide([STORAGE_CLASS], [], [volume()], BASE)) == [Remove(BASE / NAME, NAME)]


@pytest.mark.parametrize(
    "kept",
    [
        volume(phase="Bound"),
        volume(phase="Available"),
        volume(policy="Retain"),
        volume(by="another.example/provisioner"),
        volume(path="/etc"),
        volume(path="/volumes/pvc-other"),
    ],
    ids=[
        "bound",
        "available",
        "retained",
        "of another provisioner",
        "outside",
        "of another volume",
    ],
)
def test_nothing_else_is_ever_removed(kept: dict[str, Any]) -> None:
    """A volume in use, one to be kept, one of others, and one whose folder is not its own all stay."""
    assert list(decide([STORAGE_CLASS], [], [kept], BASE)) == []
