"""Contract: what controllers do, on a real cluster with simulated nodes."""

from __future__ import annotations

from typing import Any

import pytest

from berth_kube.kinds import DEPLOYMENT, POD, RESOURCE_QUOTA, VOLUME_CLAIM, Kind
from simulation.cluster.controllers import Weather
from tests.simulation.cluster.things import Object, claim, deployment, pod
from tests.simulation.cluster.worlds import ModelWorld, World

HOLD = "trial.berth.dev/hold"


class Rollout:
    """One Deployment of strategy Recreate, as a workspace has it, and its pods."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.place = world.namespace()
        self.body = deployment(self.place)
        self.body["spec"] |= {"replicas": 1, "strategy": {"type": "Recreate"}}

    def apply(self) -> None:
        """Apply it as it is wished now."""
        self.world.admin.apply(self.body)

    def scale(self, replicas: int) -> None:
        """Wish another number of pods."""
        self.body["spec"]["replicas"] = replicas
        self.apply()

    def change(self, value: str) -> None:
        """Wish another template."""
        self.inner["containers"][0]["env"] = [{"name": "CHANGED", "value": value}]
        self.apply()

    @property
    def inner(self) -> Object:
        """The spec of its pods."""
        spec: Object = self.body["spec"]["template"]["spec"]
        return spec

    def live(self) -> Object:
        """As it is."""
        return self.world.read(DEPLOYMENT, "one", self.place)

    def status(self) -> Object:
        """Its status, once it is about the present wish."""
        live = self.live()
        status: Object = live.get("status") or {}
        current = status.get("observedGeneration") == live["metadata"]["generation"]
        return status if current else {}

    def reasons(self) -> dict[str, tuple[str, str]]:
        """Status and reason of each condition."""
        conditions = self.status().get("conditions") or ()
        return {c["type"]: (c["status"], c["reason"]) for c in conditions}

    def pods(self) -> list[Object]:
        """Its pods."""
        items: list[Object] = self.world.listed(POD, self.place)["items"] or []
        return items

    def names(self) -> set[str]:
        """Names of its pods."""
        return {item["metadata"]["name"] for item in self.pods()}

    def settle(self, available: int) -> None:
        """Wait until so many pods serve, and no other is left."""

        def is_settled() -> bool:
            status = self.status()
            counted = status.get("availableReplicas", 0), status.get("updatedReplicas", 0)
            return (
                counted == (available, available) and len(self.pods()) == available and bool(status)
            )

        self.world.eventually(is_settled, f"{available} pods that serve")

    def hold(self) -> str:
        """Keep the pod from ever being gone; its name."""
        (found,) = self.pods()
        found["metadata"]["finalizers"] = [HOLD]
        name = str(found["metadata"]["name"])
        path = POD.path(self.place, name)
        self.world.eventually(
            lambda: self.world.raw("PUT", path, self._held(name, [HOLD])).status == 200, "the hold"
        )
        return name

    def release(self, name: str) -> None:
        """Let it go."""
        path = POD.path(self.place, name)
        self.world.eventually(
            lambda: self.world.raw("PUT", path, self._held(name, [])).status in (200, 404),
            "the release",
        )

    def _held(self, name: str, finalizers: list[str]) -> Object:
        found = self.world.read(POD, name, self.place)
        if found:
            found["metadata"]["finalizers"] = finalizers
        return found


@pytest.fixture
def rollout(moving: World) -> Rollout:
    """A Deployment of its own."""
    return Rollout(moving)


def test_a_deployment_becomes_available(rollout: Rollout) -> None:
    """With its pod ready all counters are 1 and both conditions say why."""
    rollout.apply()
    rollout.settle(1)
    status = rollout.status()
    counted = {key: value for key, value in status.items() if key.endswith("eplicas") and value}
    assert counted == {
        "replicas": 1,
        "updatedReplicas": 1,
        "readyReplicas": 1,
        "availableReplicas": 1,
    }
    assert rollout.reasons() == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }


def test_a_pod_carries_what_its_template_says(rollout: Rollout) -> None:
    """Pods have the template's labels, a hash of it, an owner, a node, and the phase Running."""
    rollout.body["spec"]["template"]["metadata"]["labels"]["more"] = "1"
    rollout.apply()
    rollout.settle(1)
    (found,) = rollout.pods()
    assert found["metadata"]["labels"] | {"pod-template-hash": ""} == {
        "app": "one",
        "more": "1",
        "pod-template-hash": "",
    }
    assert found["metadata"]["ownerReferences"][0]["controller"] is True
    assert found["spec"]["nodeName"]
    assert found["status"]["phase"] == "Running"
    conditions = {c["type"]: c["status"] for c in found["status"]["conditions"]}
    assert conditions["PodScheduled"] == conditions["Ready"] == "True"


def test_a_stopped_deployment_counts_nothing(rollout: Rollout) -> None:
    """Scaled to 0 the pod goes, the counters are absent, and the Deployment is available as such."""
    rollout.apply()
    rollout.settle(1)
    rollout.scale(0)
    rollout.settle(0)
    assert not [key for key, value in rollout.status().items() if key.endswith("eplicas") and value]
    assert rollout.reasons() == {
        "Available": ("True", "MinimumReplicasAvailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }


def test_an_annotation_is_observed_and_moves_no_pod(rollout: Rollout) -> None:
    """A new annotation of the Deployment is a generation to observe; the pod stays the same."""
    rollout.apply()
    rollout.settle(1)
    before = rollout.names()
    rollout.body["metadata"]["annotations"] = {"a": "1"}
    rollout.apply()
    assert rollout.live()["metadata"]["generation"] == 2
    rollout.settle(1)
    assert rollout.status()["observedGeneration"] == 2
    assert rollout.names() == before


def test_a_new_template_comes_after_the_old_is_gone(rollout: Rollout) -> None:
    """While the old pod is not gone no pod of the new template is made; then one is."""
    rollout.apply()
    rollout.settle(1)
    held = rollout.hold()
    rollout.change("1")
    rollout.world.eventually(
        lambda: "deletionTimestamp" in rollout.pods()[0]["metadata"], "the end of the old pod"
    )
    rollout.world.eventually(
        lambda: rollout.reasons().get("Available") == ("False", "MinimumReplicasUnavailable"),
        "the loss of availability",
    )
    assert rollout.names() == {held}
    status = rollout.status()
    assert not status.get("updatedReplicas")
    assert not status.get("availableReplicas")
    rollout.release(held)
    rollout.settle(1)
    assert held not in rollout.names()


def test_the_same_template_does_not_wait(rollout: Rollout) -> None:
    """Stopped and started with the same template, a new pod is made beside the one that ends."""
    rollout.apply()
    rollout.settle(1)
    held = rollout.hold()
    rollout.scale(0)
    rollout.world.eventually(
        lambda: "deletionTimestamp" in rollout.pods()[0]["metadata"], "the end of the pod"
    )
    rollout.scale(1)
    rollout.world.eventually(lambda: len(rollout.pods()) == 2, "another pod")
    rollout.world.eventually(
        lambda: rollout.status().get("availableReplicas") == 1, "a pod that serves"
    )
    assert rollout.status()["replicas"] == 1
    assert held in rollout.names()
    rollout.release(held)
    rollout.settle(1)


def test_a_stopped_deployment_does_not_count_a_pod_that_ends(rollout: Rollout) -> None:
    """Scaled to 0 the Deployment says 0 at once, though the pod is not gone yet."""
    rollout.apply()
    rollout.settle(1)
    held = rollout.hold()
    rollout.scale(0)
    rollout.world.eventually(
        lambda: bool(rollout.status()) and not rollout.status().get("replicas"), "no replicas"
    )
    assert rollout.names() == {held}
    rollout.release(held)
    rollout.settle(0)


def test_a_started_deployment_keeps_its_progress(rollout: Rollout) -> None:
    """Started again, and held up, it is unavailable, while its progress is still that of before."""
    rollout.apply()
    rollout.settle(1)
    rollout.scale(0)
    rollout.settle(0)
    forbid_pods(rollout)
    rollout.scale(1)
    rollout.world.eventually(lambda: "ReplicaFailure" in rollout.reasons(), "the refusal")
    assert rollout.reasons() == {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
        "ReplicaFailure": ("True", "FailedCreate"),
    }


def test_a_deleted_pod_is_replaced(rollout: Rollout) -> None:
    """A pod that somebody deleted is made anew under another name."""
    rollout.apply()
    rollout.settle(1)
    (name,) = rollout.names()
    rollout.world.admin.delete(POD, name, namespace=rollout.place)
    rollout.world.eventually(lambda: name not in rollout.names(), "the end of the pod")
    rollout.settle(1)


def test_a_failed_pod_is_replaced_and_stays(rollout: Rollout) -> None:
    """A pod that failed (evicted, say) is replaced and counted no more. It outlives a stop, and goes
    with its Deployment."""
    rollout.apply()
    rollout.settle(1)
    (name,) = rollout.names()
    failed = {"phase": "Failed", "reason": "Evicted", "message": "out of memory"}
    path = POD.path(rollout.place, name)
    world = rollout.world

    def has_failed() -> bool:
        found = world.read(POD, name, rollout.place)
        return world.raw("PUT", f"{path}/status", {**found, "status": failed}).status == 200

    world.eventually(has_failed, "the failure")
    world.eventually(lambda: len(rollout.names()) == 2, "another pod")
    world.eventually(lambda: rollout.status().get("availableReplicas") == 1, "one that serves")
    rollout.scale(0)
    world.eventually(lambda: rollout.names() == {name}, "the end of the other")
    world.eventually(lambda: not rollout.status().get("replicas"), "no replicas")
    assert rollout.pods()[0]["status"]["phase"] == "Failed"
    world.admin.delete(DEPLOYMENT, "one", namespace=rollout.place)
    world.eventually(lambda: not rollout.pods(), "the end of the failed pod")


def test_pods_go_with_their_deployment(rollout: Rollout) -> None:
    """After a Deployment is deleted its pods are collected, some time later."""
    rollout.apply()
    rollout.settle(1)
    rollout.world.admin.delete(DEPLOYMENT, "one", namespace=rollout.place)
    assert rollout.live() == {}
    rollout.world.eventually(lambda: not rollout.pods(), "the end of the pods")


def test_a_deployment_made_anew_is_another(rollout: Rollout) -> None:
    """Deleted and applied again, it has another uid and soon only its own pod."""
    rollout.apply()
    rollout.settle(1)
    first = rollout.live()["metadata"]["uid"]
    before = rollout.names()
    rollout.world.admin.delete(DEPLOYMENT, "one", namespace=rollout.place)
    rollout.apply()
    rollout.world.eventually(lambda: not before & rollout.names(), "the end of the former pod")
    rollout.settle(1)
    assert rollout.live()["metadata"]["uid"] != first


def unschedulable(rollout: Rollout) -> None:
    """Let no pod find a node from now on."""
    if isinstance(rollout.world, ModelWorld):
        rollout.world.controllers.weather = Weather(unschedulable=1.0)
    rollout.inner["nodeSelector"] = {"trial": "none"}


def test_what_takes_too_long_has_failed(rollout: Rollout) -> None:
    """A pod without a node says so; after its deadline the Deployment says it made no progress."""
    unschedulable(rollout)
    rollout.body["spec"]["progressDeadlineSeconds"] = 2
    rollout.apply()
    rollout.world.eventually(lambda: bool(rollout.pods()), "a pod")

    def why() -> Any:
        conditions = rollout.pods()[0]["status"].get("conditions") or ()
        return [(c["type"], c["status"], c.get("reason")) for c in conditions]

    rollout.world.eventually(
        lambda: ("PodScheduled", "False", "Unschedulable") in why(), "the scheduler's word"
    )
    assert rollout.pods()[0]["status"]["phase"] == "Pending"
    rollout.world.eventually(
        lambda: (
            rollout.reasons()
            == {
                "Available": ("False", "MinimumReplicasUnavailable"),
                "Progressing": ("False", "ProgressDeadlineExceeded"),
            }
        ),
        "the deadline",
    )


def quota(rollout: Rollout, pods: int) -> Object:
    """A quota on pods."""
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "berth", "namespace": rollout.place},
        "spec": {"hard": {"pods": str(pods)}},
    }


def forbid_pods(rollout: Rollout) -> None:
    """Let no pod be made from now on."""
    world = rollout.world
    world.admin.apply(quota(rollout, 0))
    if not isinstance(world, ModelWorld):
        world.eventually(
            lambda: "hard" in world.read(RESOURCE_QUOTA, "berth", rollout.place).get("status", {}),
            "the quota's first count",
        )


def test_a_quota_that_refuses_pods_is_a_condition(rollout: Rollout) -> None:
    """Where no pod is admitted the Deployment says so, and makes one once the quota allows it."""
    world = rollout.world
    forbid_pods(rollout)
    rollout.apply()
    world.eventually(
        lambda: rollout.reasons().get("ReplicaFailure") == ("True", "FailedCreate"), "the refusal"
    )
    (said,) = [c for c in rollout.status()["conditions"] if c["type"] == "ReplicaFailure"]
    assert "is forbidden: exceeded quota: berth, requested: pods=1" in said["message"]
    assert rollout.pods() == []
    world.admin.apply(quota(rollout, 1))
    rollout.settle(1)


def test_a_claim_in_use_outlives_its_deletion(moving: World) -> None:
    """A deleted claim is gone only after the last scheduled pod that uses it."""
    place = moving.namespace()
    moving.admin.create(claim(place))
    body = pod(place, node=moving.node())
    body["spec"]["volumes"] = [{"name": "v", "persistentVolumeClaim": {"claimName": "one"}}]
    body["metadata"]["finalizers"] = [HOLD]
    moving.admin.create(body)
    then = moving.now(VOLUME_CLAIM, place)
    moving.admin.delete(VOLUME_CLAIM, "one", namespace=place)
    moving.admin.delete(POD, "one", namespace=place)
    moving.eventually(
        lambda: "deletionTimestamp" in moving.read(POD, "one", place)["metadata"], "the pod's end"
    )
    assert moving.read(VOLUME_CLAIM, "one", place)["metadata"]["deletionTimestamp"]

    def released() -> bool:
        found = moving.read(POD, "one", place)
        if found:
            found["metadata"]["finalizers"] = []
            moving.raw("PUT", POD.path(place, "one"), found)
        return not moving.read(POD, "one", place)

    moving.eventually(released, "the end of the pod")
    moving.eventually(lambda: not moving.read(VOLUME_CLAIM, "one", place), "the end of the claim")
    ends = [end_of(moving, kind, place, then) for kind in (POD, VOLUME_CLAIM)]
    assert ends == sorted(ends)


def end_of(world: World, kind: Kind, place: str, since: str) -> int:
    """Version at which an object was gone."""
    with world.watching(kind, place, resourceVersion=since) as lines:
        return next(line.version for line in lines if line.type == "DELETED")


def test_an_unused_claim_goes_soon(moving: World) -> None:
    """A claim that no scheduled pod uses is let go by its protection."""
    place = moving.namespace()
    moving.admin.create(claim(place))
    moving.admin.delete(VOLUME_CLAIM, "one", namespace=place)
    moving.eventually(lambda: not moving.read(VOLUME_CLAIM, "one", place), "the end of the claim")
