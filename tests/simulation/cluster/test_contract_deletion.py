"""Contract: deleting."""

from __future__ import annotations

import pytest

from berth_kube.errors import Conflict, NotFound
from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, VOLUME_CLAIM
from tests.simulation.cluster.test_contract_objects import hold, release
from tests.simulation.cluster.things import claim, config, deployment, pod
from tests.simulation.cluster.worlds import World


def test_what_is_not_there_cannot_be_deleted(world: World, place: str) -> None:
    """A deletion of nothing is answered 404."""
    assert world.raw("DELETE", CONFIG_MAP.path(place, "one")).status == 404
    assert not world.admin.delete(CONFIG_MAP, "one", namespace=place)


def test_only_the_very_object_is_deleted(world: World, place: str) -> None:
    """A deletion with the uid of a former object of that name is a conflict, and deletes nothing."""
    first = world.admin.create(config(place, key="1"))
    world.admin.delete(CONFIG_MAP, "one", namespace=place, uid=first.metadata.uid)
    second = world.admin.create(config(place, key="2"))
    assert second.metadata.uid != first.metadata.uid
    with pytest.raises(Conflict, match="UID in ") as caught:
        world.admin.delete(CONFIG_MAP, "one", namespace=place, uid=first.metadata.uid)
    assert caught.value.reason == "Conflict"
    assert world.read(CONFIG_MAP, "one", place)["data"] == {"key": "2"}


def test_only_the_very_version_is_deleted(world: World, place: str) -> None:
    """A deletion can be bound to a version too."""
    first = world.admin.create(config(place, key="1"))
    world.admin.replace(config(place, key="2"))
    wanted = {"preconditions": {"resourceVersion": first.metadata.resource_version}}
    assert world.raw("DELETE", CONFIG_MAP.path(place, "one"), wanted).status == 409
    assert world.read(CONFIG_MAP, "one", place)["data"] == {"key": "2"}


def test_a_deleted_object_is_gone_at_once(world: World, place: str) -> None:
    """Without finalizers and grace nothing is left after the answer."""
    world.admin.create(deployment(place))
    assert world.admin.delete(DEPLOYMENT, "one", namespace=place)
    assert world.read(DEPLOYMENT, "one", place) == {}


def test_finalizers_hold_an_object(world: World, place: str) -> None:
    """A held object gets a time of deletion and stays until its last finalizer goes."""
    body = config(place, key="1")
    body["metadata"]["finalizers"] = ["trial.berth.dev/hold"]
    world.admin.create(body)
    world.admin.delete(CONFIG_MAP, "one", namespace=place)
    found = world.read(CONFIG_MAP, "one", place)
    assert found["metadata"]["deletionTimestamp"]
    assert found["metadata"]["deletionGracePeriodSeconds"] == 0
    marked = found["metadata"]["resourceVersion"]
    world.admin.delete(CONFIG_MAP, "one", namespace=place)
    assert str(world.version(CONFIG_MAP, "one", place)) == marked
    world.admin.replace(config(place, key="2"))
    assert world.read(CONFIG_MAP, "one", place) == {}


def test_deletion_is_a_new_generation(world: World, place: str) -> None:
    """The time of deletion raises the generation of a held Deployment."""
    world.admin.create(deployment(place, finalizers=["trial.berth.dev/hold"]))
    world.admin.delete(DEPLOYMENT, "one", namespace=place)
    assert world.read(DEPLOYMENT, "one", place)["metadata"]["generation"] == 2
    world.admin.replace(deployment(place))
    assert world.read(DEPLOYMENT, "one", place) == {}


def test_a_pod_on_a_node_takes_its_time(world: World, place: str) -> None:
    """A pod on a node stays, with the time by which it must be gone, until the kubelet is done."""
    body = pod(place, node="nowhere")
    body["spec"]["terminationGracePeriodSeconds"] = 20
    world.admin.create(body)
    world.admin.delete(POD, "one", namespace=place)
    metadata = world.read(POD, "one", place)["metadata"]
    assert metadata["deletionTimestamp"] > metadata["creationTimestamp"]
    assert metadata["deletionGracePeriodSeconds"] == 20
    world.admin.delete(POD, "one", namespace=place)
    assert world.read(POD, "one", place)["metadata"] == metadata
    world.raw("DELETE", POD.path(place, "one"), {"gracePeriodSeconds": 0})
    assert world.read(POD, "one", place) == {}


def test_a_pod_on_no_node_goes_at_once(world: World, place: str) -> None:
    """A pod that was never scheduled has nobody who could stop it."""
    world.admin.create(pod(place))
    world.admin.delete(POD, "one", namespace=place)
    assert world.read(POD, "one", place) == {}


def test_a_claim_waits_for_its_protection(world: World, place: str) -> None:
    """A deleted claim stays until its protection sees that no pod uses it."""
    world.admin.create(claim(place))
    world.admin.delete(VOLUME_CLAIM, "one", namespace=place)
    found = world.read(VOLUME_CLAIM, "one", place)
    assert found["metadata"]["deletionTimestamp"]
    del found["metadata"]["finalizers"]
    world.admin.replace(found)
    assert world.read(VOLUME_CLAIM, "one", place) == {}


def test_a_namespace_ends_with_all_that_is_in_it(world: World, place: str) -> None:
    """A deleted namespace is Terminating at once; some time later it and its content are gone."""
    world.admin.create(config(place))
    world.admin.create(deployment(place))
    world.admin.delete(NAMESPACE, place)
    found = world.read(NAMESPACE, place)
    assert found["metadata"]["deletionTimestamp"]
    assert found["status"]["phase"] == "Terminating"
    world.eventually(lambda: not world.read(NAMESPACE, place), "the end of the namespace")
    assert world.read(CONFIG_MAP, "one", place) == {}
    assert world.read(DEPLOYMENT, "one", place) == {}


def test_a_namespace_waits_for_what_resists(world: World, place: str) -> None:
    """A namespace stays Terminating while something in it has a finalizer."""
    hold(world, place)

    def is_marked() -> bool:
        return "deletionTimestamp" in world.read(CONFIG_MAP, "stubborn", place)["metadata"]

    world.eventually(is_marked, "the deletion of the content")
    assert world.read(NAMESPACE, place)["status"]["phase"] == "Terminating"
    release(world, place)
    world.eventually(lambda: not world.read(NAMESPACE, place), "the end of the namespace")


def test_a_namespace_that_ends_can_be_deleted_again(world: World, place: str) -> None:
    """Deleting a namespace twice is no error, but the wrong uid is."""
    hold(world, place)
    assert world.admin.delete(NAMESPACE, place)
    with pytest.raises(Conflict):
        world.admin.delete(NAMESPACE, place, uid="00000000-0000-4000-8000-000000000000")
    release(world, place)


def test_a_namespace_of_the_same_name_is_another(world: World, place: str) -> None:
    """After its end a namespace can be made again, empty and with another uid."""
    first = world.read(NAMESPACE, place)["metadata"]["uid"]
    world.admin.create(config(place, "left"))
    world.admin.delete(NAMESPACE, place)
    world.eventually(lambda: not world.read(NAMESPACE, place), "the end of the namespace")
    world.namespace(place)
    assert world.read(NAMESPACE, place)["metadata"]["uid"] != first
    assert world.read(CONFIG_MAP, "left", place) == {}


def test_a_deletion_needs_its_namespace(world: World) -> None:
    """Deleting in no namespace is 404, as anywhere."""
    assert not world.admin.delete(CONFIG_MAP, "one", namespace="nowhere")
    with pytest.raises(NotFound):
        world.admin.replace(config("nowhere"))
