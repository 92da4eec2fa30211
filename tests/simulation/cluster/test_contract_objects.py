"""Contract: creating, reading, replacing."""

from __future__ import annotations

import pytest

from berth_kube.errors import (
    Conflict,
    Invalid,
    KubernetesError,
    NamespaceTerminating,
    NotFound,
    UnknownKind,
    error_of,
)
from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT, LEASE, NAMESPACE, SECRET, VOLUME_CLAIM
from berth_kube.projections import Partial
from tests.simulation.cluster.things import claim, config, deployment, lease, status_of
from tests.simulation.cluster.worlds import World

OTHER = "00000000-0000-4000-8000-000000000000"
"""The uid of nothing."""


def test_a_created_object_has_an_identity(world: World, place: str) -> None:
    """A creation is answered 201 with uid, resource version and time of creation."""
    answer = world.raw("POST", CONFIG_MAP.path(place), config(place, key="1"))
    metadata = status_of(answer.body)["metadata"]
    assert answer.status == 201
    assert len(metadata["uid"]) == 36
    assert int(metadata["resourceVersion"]) > 0
    assert metadata["creationTimestamp"].endswith("Z")
    assert "generation" not in metadata


def test_what_exists_cannot_be_created(world: World, place: str) -> None:
    """A second creation is a conflict with the reason AlreadyExists, and changes nothing."""
    world.admin.create(config(place, key="1"))
    with pytest.raises(Conflict, match='configmaps "one" already exists') as caught:
        world.admin.create(config(place, key="2"))
    assert caught.value.reason == "AlreadyExists"
    assert world.read(CONFIG_MAP, "one", place)["data"] == {"key": "1"}


def test_nothing_is_created_in_no_namespace(world: World) -> None:
    """A creation where there is no namespace is answered 404 about the namespace."""
    with pytest.raises(NotFound, match='namespaces "nowhere" not found') as caught:
        world.admin.create(config("nowhere"))
    assert (caught.value.status, caught.value.reason) == (404, "NotFound")


def hold(world: World, place: str) -> None:
    """Delete a namespace that will not go, for something in it resists."""
    stubborn = config(place, "stubborn", key="1")
    stubborn["metadata"]["finalizers"] = ["trial.berth.dev/hold"]
    world.admin.create(stubborn)
    world.admin.delete(NAMESPACE, place)


def release(world: World, place: str) -> None:
    """Let it go."""
    world.admin.replace(config(place, "stubborn"))


def test_nothing_is_created_in_a_namespace_that_ends(world: World, place: str) -> None:
    """Neither POST nor apply makes anything new there: 403 with the cause NamespaceTerminating."""
    hold(world, place)
    for write in (world.admin.create, world.admin.apply):
        with pytest.raises(NamespaceTerminating, match="because it is being terminated") as caught:
            write(config(place))
        assert (caught.value.status, caught.value.reason) == (403, "Forbidden")
    release(world, place)


def test_what_is_in_a_namespace_that_ends_can_be_changed(world: World, place: str) -> None:
    """Existing objects are still applied and replaced while their namespace is deleted."""
    hold(world, place)
    changed = config(place, "stubborn", key="2")
    changed["metadata"]["finalizers"] = ["trial.berth.dev/hold"]
    world.admin.apply(changed)
    assert world.read(CONFIG_MAP, "stubborn", place)["data"] == {"key": "2"}
    release(world, place)


def test_an_existing_object_of_a_namespace_that_ends_is_refused_for_that(
    world: World, place: str
) -> None:
    """Creating what exists in a namespace that ends tells of the end, not of the existence."""
    hold(world, place)
    with pytest.raises(NamespaceTerminating):
        world.admin.create(config(place, "stubborn"))
    release(world, place)


def test_what_is_not_there_is_not_found(world: World, place: str) -> None:
    """Reading what is not there is answered 404 with its name and resource in the details."""
    answer = world.raw("GET", DEPLOYMENT.path(place, "none"))
    status = status_of(answer.body)
    assert (answer.status, status["code"], status["reason"]) == (404, 404, "NotFound")
    assert status["message"] == 'deployments.apps "none" not found'
    assert status["details"] == {"name": "none", "group": "apps", "kind": "deployments"}
    assert world.admin.get(DEPLOYMENT, "none", Partial, namespace=place) is None


def test_an_unknown_group_is_no_status(world: World) -> None:
    """An API group that is not served is answered 404 in plain text."""
    answer = world.raw("GET", "/apis/berth.dev/v1/things")
    assert isinstance(error_of(answer.status, answer.body, answer.headers), UnknownKind)


def test_an_unknown_resource_is_a_status(world: World) -> None:
    """A resource that a served group has not is answered 404 as a Status without a name."""
    answer = world.raw("GET", "/api/v1/things/one")
    status = status_of(answer.body)
    assert (answer.status, status["reason"], status["details"]) == (404, "NotFound", {})


def test_metadata_alone_can_be_read(world: World, place: str) -> None:
    """A PartialObjectMetadata has the metadata and nothing else."""
    world.admin.create(config(place, labels={"a": "1"}, key="1"))
    headers = {"Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
    found = status_of(world.raw("GET", CONFIG_MAP.path(place, "one"), headers=headers).body)
    assert set(found) == {"kind", "apiVersion", "metadata"}
    assert (found["kind"], found["apiVersion"]) == ("PartialObjectMetadata", "meta.k8s.io/v1")
    assert found["metadata"]["labels"] == {"a": "1"}


def test_a_stated_version_cannot_be_created(world: World, place: str) -> None:
    """A creation that states a resource version is refused, as a fault of the server."""
    body = config(place)
    body["metadata"]["resourceVersion"] = "1"
    with pytest.raises(KubernetesError, match="resourceVersion should not be set") as caught:
        world.admin.create(body)
    assert (caught.value.status, caught.value.reason) == (500, "")
    assert world.read(CONFIG_MAP, "one", place) == {}


def test_replacing_an_older_version_is_a_conflict(world: World, place: str) -> None:
    """A replacement that states another version than the live one changes nothing."""
    first = world.admin.create(config(place, key="1"))
    world.admin.replace(config(place, key="2"))
    late = config(place, key="3")
    late["metadata"]["resourceVersion"] = first.metadata.resource_version
    with pytest.raises(Conflict, match="the object has been modified") as caught:
        world.admin.replace(late)
    assert caught.value.reason == "Conflict"
    assert world.read(CONFIG_MAP, "one", place)["data"] == {"key": "2"}


def test_replacing_the_live_version_succeeds_once(world: World, place: str) -> None:
    """Of two replacements of one version the first succeeds."""
    first = world.admin.create(config(place, key="1"))
    body = config(place, key="2")
    body["metadata"]["resourceVersion"] = first.metadata.resource_version
    second = world.admin.replace(body)
    assert int(second.metadata.resource_version) > int(first.metadata.resource_version)
    with pytest.raises(Conflict):
        world.admin.replace(body)


def test_replacing_by_the_same_makes_no_version(world: World, place: str) -> None:
    """A replacement that says the same keeps the resource version."""
    first = world.admin.create(config(place, key="1"))
    again = world.admin.replace(config(place, key="1"))
    assert again.metadata.resource_version == first.metadata.resource_version


def test_what_is_not_there_cannot_be_replaced(world: World, place: str) -> None:
    """A replacement of nothing is answered 404."""
    with pytest.raises(NotFound, match='configmaps "one" not found'):
        world.admin.replace(config(place))


def test_a_lease_is_replaced_by_version_only(world: World, place: str) -> None:
    """A Lease must be replaced with its version, or not at all."""
    world.admin.create(lease(place))
    with pytest.raises(Invalid) as caught:
        world.admin.replace(lease(place, "you"))
    assert caught.value.fields == ("metadata.resourceVersion",)
    assert world.read(LEASE, "one", place)["spec"]["holderIdentity"] == "me"


def test_a_lease_that_was_deleted_is_made_again(world: World, place: str) -> None:
    """Replacing a Lease that is not there makes it, whatever version is stated: 201."""
    made = world.admin.create(lease(place))
    world.admin.delete(LEASE, "one", namespace=place)
    body = lease(place, "you")
    body["metadata"]["resourceVersion"] = made.metadata.resource_version
    answer = world.raw("PUT", LEASE.path(place, "one"), body)
    assert answer.status == 201
    assert status_of(answer.body)["metadata"]["uid"] != made.metadata.uid
    assert world.read(LEASE, "one", place)["spec"]["holderIdentity"] == "you"


def test_a_lease_of_another_uid_is_not_made(world: World, place: str) -> None:
    """With a uid the replacement of a Lease that is not there is a conflict."""
    body = lease(place)
    body["metadata"]["uid"] = OTHER
    with pytest.raises(Conflict, match="Precondition failed: UID in precondition"):
        world.admin.replace(body)
    assert world.read(LEASE, "one", place) == {}


def test_replacing_another_identity_is_a_conflict(world: World, place: str) -> None:
    """A replacement that states the uid of another object of that name changes nothing."""
    world.admin.create(config(place, key="1"))
    body = config(place, key="2")
    body["metadata"]["uid"] = OTHER
    with pytest.raises(Conflict, match="Precondition failed: UID in precondition"):
        world.admin.replace(body)
    assert world.read(CONFIG_MAP, "one", place)["data"] == {"key": "1"}


def test_applying_another_identity_is_invalid(world: World, place: str) -> None:
    """An apply that states the uid of another object of that name changes nothing: 422."""
    world.admin.create(config(place, key="1"))
    body = config(place, key="2")
    body["metadata"]["uid"] = OTHER
    with pytest.raises(Invalid, match="field is immutable"):
        world.admin.apply(body)
    assert world.read(CONFIG_MAP, "one", place)["data"] == {"key": "1"}


def test_versions_grow_over_all_kinds(world: World, place: str) -> None:
    """A later write has a higher resource version, whatever kinds the two are of."""
    versions = [
        int(world.admin.create(body).metadata.resource_version)
        for body in (config(place), lease(place), deployment(place), claim(place))
    ]
    versions.append(int(world.admin.replace(config(place, key="1")).metadata.resource_version))
    assert versions == sorted(set(versions))


def test_a_namespace_is_active_and_named(world: World, place: str) -> None:
    """A new namespace is Active, has its finalizer, and carries its name as a label."""
    found = world.read(NAMESPACE, place)
    assert found["status"]["phase"] == "Active"
    assert found["spec"]["finalizers"] == ["kubernetes"]
    assert found["metadata"]["labels"]["kubernetes.io/metadata.name"] == place


def test_a_secret_is_opaque_and_encoded(world: World, place: str) -> None:
    """A Secret without a type is Opaque; ``stringData`` is stored as base64 in ``data``."""
    body = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "one", "namespace": place},
        "stringData": {"key": "hello"},
    }
    world.admin.apply(body)
    found = world.read(SECRET, "one", place)
    assert (found["type"], found["data"]) == ("Opaque", {"key": "aGVsbG8="})
    assert "stringData" not in found


def test_a_deployment_has_one_replica_unless_told(world: World, place: str) -> None:
    """Replicas default to 1, the progress deadline to 600 s; the generation starts at 1."""
    body = deployment(place)
    del body["spec"]["replicas"]
    world.admin.create(body)
    found = world.read(DEPLOYMENT, "one", place)
    assert found["spec"]["replicas"] == 1
    assert found["spec"]["progressDeadlineSeconds"] == 600
    assert found["metadata"]["generation"] == 1


def test_a_claim_is_pending_and_protected(world: World, place: str) -> None:
    """A new volume claim is Pending and carries the finalizer of its protection."""
    world.admin.create(claim(place))
    found = world.read(VOLUME_CLAIM, "one", place)
    assert found["status"]["phase"] == "Pending"
    assert found["metadata"]["finalizers"] == ["kubernetes.io/pvc-protection"]


def test_a_claim_cannot_be_moved(world: World, place: str) -> None:
    """The access modes of a claim are immutable: 422."""
    world.admin.apply(claim(place))
    body = claim(place)
    body["spec"]["accessModes"] = ["ReadWriteMany"]
    with pytest.raises(Invalid, match="spec is immutable after creation"):
        world.admin.apply(body)


def test_the_status_is_written_apart(world: World, place: str) -> None:
    """A status write moves the version, not the generation; other writes leave the status."""
    made = world.admin.create(deployment(place))
    body = world.read(DEPLOYMENT, "one", place)
    body["status"] = {"observedGeneration": 1, "replicas": 3}
    body["spec"]["replicas"] = 5
    answer = world.raw("PUT", DEPLOYMENT.path(place, "one") + "/status", body)
    assert answer.status == 200
    found = world.read(DEPLOYMENT, "one", place)
    assert found["status"]["replicas"] == 3
    assert found["spec"]["replicas"] == 0
    assert found["metadata"]["generation"] == 1
    assert found["metadata"]["resourceVersion"] != made.metadata.resource_version
    world.admin.replace({**deployment(place), "status": {"replicas": 9}})
    assert world.read(DEPLOYMENT, "one", place)["status"]["replicas"] == 3


def test_the_generation_counts_wishes(world: World, place: str) -> None:
    """A Deployment's generation grows with its spec and its annotations, not with its labels."""
    world.admin.apply(deployment(place))
    seen = []
    for body in (
        deployment(place, labels={"a": "1"}),
        deployment(place, labels={"a": "1"}, annotations={"a": "1"}),
        deployment(place, labels={"a": "1"}, annotations={"a": "1"}),
    ):
        world.admin.apply(body)
        seen.append(world.read(DEPLOYMENT, "one", place)["metadata"]["generation"])
    body = deployment(place, labels={"a": "1"}, annotations={"a": "1"})
    body["spec"]["replicas"] = 0
    body["spec"]["paused"] = True
    world.admin.apply(body)
    seen.append(world.read(DEPLOYMENT, "one", place)["metadata"]["generation"])
    assert seen == [1, 2, 2, 3]
