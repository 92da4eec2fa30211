"""Contract: server-side apply by force."""

from __future__ import annotations

import pytest

from berth_kube.errors import Conflict, Invalid, NotFound
from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT
from tests.simulation.cluster.things import config, container, deployment, status_of
from tests.simulation.cluster.worlds import APPLY, World


def data(world: World, place: str) -> dict[str, str]:
    """What the ConfigMap holds."""
    found: dict[str, str] = world.read(CONFIG_MAP, "one", place).get("data", {})
    return found


def test_apply_creates_and_then_changes(world: World, place: str) -> None:
    """The first apply is answered 201, the next 200."""
    path, query = CONFIG_MAP.path(place, "one"), {"fieldManager": "trial", "force": "true"}
    codes = [
        world.raw("PATCH", path, config(place, key=value), query=query, headers=APPLY).status
        for value in ("1", "2", "2")
    ]
    assert codes == [201, 200, 200]
    assert data(world, place) == {"key": "2"}


def test_apply_of_the_same_makes_no_version(world: World, place: str) -> None:
    """Applying identical content keeps the resource version."""
    first = world.admin.apply(config(place, labels={"a": "1"}, key="1"))
    again = world.admin.apply(config(place, labels={"a": "1"}, key="1"))
    assert again.metadata.resource_version == first.metadata.resource_version


def test_apply_of_the_same_deployment_makes_no_version(world: World, place: str) -> None:
    """Nor does a whole Deployment make a version, though the server filled in its defaults."""
    first = world.admin.apply(deployment(place, annotations={"a": "1"}))
    again = world.admin.apply(deployment(place, annotations={"a": "1"}))
    assert again.metadata.resource_version == first.metadata.resource_version
    assert again.metadata.generation == 1


def test_what_is_applied_no_longer_goes(world: World, place: str) -> None:
    """A field that the manager applied before and names no longer is removed."""
    world.admin.apply(config(place, labels={"a": "1", "b": "2"}, key="1", gone="2"))
    world.admin.apply(config(place, labels={"a": "1"}, key="1"))
    found = world.read(CONFIG_MAP, "one", place)
    assert found["data"] == {"key": "1"}
    assert found["metadata"]["labels"] == {"a": "1"}


def test_what_is_emptied_by_apply_goes_whole(world: World, place: str) -> None:
    """When all labels and data are applied no longer, nothing of them is left."""
    world.admin.apply(config(place, labels={"a": "1"}, key="1"))
    world.admin.apply(config(place))
    found = world.read(CONFIG_MAP, "one", place)
    assert "data" not in found
    assert "labels" not in found["metadata"]


def test_fields_of_others_stay(world: World, place: str) -> None:
    """What another manager applied stays when it is not named."""
    world.other.apply(config(place, labels={"b": "2"}, theirs="2"))
    world.admin.apply(config(place, labels={"a": "1"}, ours="1"))
    world.admin.apply(config(place))
    found = world.read(CONFIG_MAP, "one", place)
    assert found["data"] == {"theirs": "2"}
    assert found["metadata"]["labels"] == {"b": "2"}


def test_what_two_own_stays_while_one_does(world: World, place: str) -> None:
    """A field that two managers apply alike goes with the last of them."""
    world.admin.apply(config(place, key="1"))
    world.other.apply(config(place, key="1"))
    world.admin.apply(config(place))
    assert data(world, place) == {"key": "1"}
    world.other.apply(config(place))
    assert data(world, place) == {}


def test_force_takes_a_field_over(world: World, place: str) -> None:
    """By force a field of another gets our value, and then is ours: theirs no longer removes it."""
    world.other.apply(config(place, key="theirs", rest="1"))
    world.admin.apply(config(place, key="ours"))
    assert data(world, place) == {"key": "ours", "rest": "1"}
    world.other.apply(config(place, rest="1"))
    assert data(world, place) == {"key": "ours", "rest": "1"}


def test_what_was_taken_by_force_goes_with_its_taker(world: World, place: str) -> None:
    """A field taken from another is removed when its taker applies it no longer."""
    world.other.apply(config(place, key="theirs", rest="1"))
    world.admin.apply(config(place, key="ours"))
    world.admin.apply(config(place))
    assert data(world, place) == {"rest": "1"}


def test_a_first_share_in_a_field_is_a_change(world: World, place: str) -> None:
    """Applying what another wrote alike makes one version, for the share in it, and then none."""
    world.other.apply(config(place, key="1"))
    before = world.version(CONFIG_MAP, "one", place)
    first = world.admin.apply(config(place, key="1"))
    again = world.admin.apply(config(place, key="1"))
    assert int(first.metadata.resource_version) > before
    assert again.metadata.resource_version == first.metadata.resource_version


def test_what_was_created_stays_when_it_is_applied_no_longer(world: World, place: str) -> None:
    """A field that the same manager created by POST is not removed by its apply."""
    world.admin.create(config(place, key="1"))
    world.admin.apply(config(place, key="1"))
    world.admin.apply(config(place))
    assert data(world, place) == {"key": "1"}


def test_an_edit_is_healed_by_the_next_apply(world: World, place: str) -> None:
    """What somebody changed or removed by hand is back after the same apply again."""
    world.admin.apply(config(place, labels={"a": "1"}, key="1", more="2"))
    world.other.replace(config(place, labels={"team": "blue"}, key="edited"))
    world.admin.apply(config(place, labels={"a": "1"}, key="1", more="2"))
    found = world.read(CONFIG_MAP, "one", place)
    assert found["data"] == {"key": "1", "more": "2"}
    assert found["metadata"]["labels"] == {"a": "1", "team": "blue"}


def test_a_field_that_was_replaced_by_hand_is_not_ours_to_remove(world: World, place: str) -> None:
    """Who changes a field by hand owns it alone: we can stop to apply it and it stays."""
    world.admin.apply(config(place, key="1", more="2"))
    world.other.replace(config(place, key="edited", more="2"))
    world.admin.apply(config(place))
    assert data(world, place) == {"key": "edited"}


def test_apply_with_an_older_version_is_a_conflict(world: World, place: str) -> None:
    """With a resource version apply is a compare-and-swap."""
    first = world.admin.apply(config(place, key="1"))
    second = world.other.apply(config(place, more="2"))
    body = config(place, key="2")
    body["metadata"]["resourceVersion"] = first.metadata.resource_version
    with pytest.raises(Conflict):
        world.admin.apply(body)
    assert data(world, place) == {"key": "1", "more": "2"}
    body["metadata"]["resourceVersion"] = second.metadata.resource_version
    world.admin.apply(body)
    assert data(world, place) == {"key": "2", "more": "2"}


def test_apply_of_the_same_with_an_older_version_is_a_conflict(world: World, place: str) -> None:
    """The version is compared even when the content is the same."""
    first = world.admin.apply(config(place, key="1"))
    world.other.apply(config(place, more="2"))
    body = config(place, key="1")
    body["metadata"]["resourceVersion"] = first.metadata.resource_version
    with pytest.raises(Conflict):
        world.admin.apply(body)


def test_a_version_keeps_no_apply_from_creating(world: World, place: str) -> None:
    """What was deleted since it was read is made again by an apply with its version."""
    made = world.admin.apply(config(place, key="1"))
    world.admin.delete(CONFIG_MAP, "one", namespace=place)
    body = config(place, key="2")
    body["metadata"]["resourceVersion"] = made.metadata.resource_version
    again = world.admin.apply(body)
    assert again.metadata.uid != made.metadata.uid
    assert data(world, place) == {"key": "2"}


def test_a_uid_keeps_an_apply_from_creating(world: World, place: str) -> None:
    """With the uid of a deleted object an apply makes none: a conflict."""
    made = world.admin.apply(config(place, key="1"))
    world.admin.delete(CONFIG_MAP, "one", namespace=place)
    body = config(place, key="2")
    body["metadata"]["uid"] = made.metadata.uid
    with pytest.raises(Conflict, match="uid mismatch"):
        world.admin.apply(body)
    assert world.read(CONFIG_MAP, "one", place) == {}


def test_uid_and_version_of_a_former_object_are_a_conflict(world: World, place: str) -> None:
    """With uid and version of an object that was deleted and made again, an apply is a conflict."""
    made = world.admin.apply(config(place, key="1"))
    world.admin.delete(CONFIG_MAP, "one", namespace=place)
    world.admin.apply(config(place, key="2"))
    body = config(place, key="3")
    body["metadata"]["uid"] = made.metadata.uid
    body["metadata"]["resourceVersion"] = made.metadata.resource_version
    with pytest.raises(Conflict, match="the object has been modified"):
        world.admin.apply(body)
    assert data(world, place) == {"key": "2"}


def test_the_right_uid_is_no_change(world: World, place: str) -> None:
    """With the uid of the live object an apply goes as without."""
    made = world.admin.apply(config(place, key="1"))
    body = config(place, key="1")
    body["metadata"]["uid"] = made.metadata.uid
    again = world.admin.apply(body)
    assert again.metadata.resource_version == made.metadata.resource_version


def test_apply_in_no_namespace_is_not_found(world: World) -> None:
    """Apply makes no namespace: 404 about it."""
    with pytest.raises(NotFound, match='namespaces "nowhere" not found'):
        world.admin.apply(config("nowhere"))


def test_an_unknown_field_is_told_as_a_fault_of_the_server(world: World, place: str) -> None:
    """Applying a field that the kind has not is answered 500 without a reason, and does nothing."""
    body = deployment(place)
    body["spec"]["unheardOf"] = True
    with pytest.raises(Invalid, match=r"\.spec\.unheardOf: field not declared in schema") as caught:
        world.admin.apply(body)
    assert (caught.value.status, caught.value.reason) == (500, "")
    assert world.read(DEPLOYMENT, "one", place) == {}


def test_a_selector_never_changes(world: World, place: str) -> None:
    """A Deployment's selector is immutable: 422 that names the field."""
    world.admin.apply(deployment(place))
    body = deployment(place)
    body["spec"]["selector"] = {"matchLabels": {"app": "two"}}
    body["spec"]["template"]["metadata"]["labels"] = {"app": "two"}
    with pytest.raises(Invalid, match="field is immutable") as caught:
        world.admin.apply(body)
    assert (caught.value.status, caught.value.reason) == (422, "Invalid")
    assert caught.value.fields == ("spec.selector",)


def test_items_are_merged_by_their_keys(world: World, place: str) -> None:
    """Of containers and their environment each item is owned by itself, in its place."""
    body = deployment(place)
    inner = body["spec"]["template"]["spec"]
    inner["containers"] = [container("a", X="1", Y="2"), container("b")]
    world.admin.apply(body)
    inner["containers"] = [container("a", Y="3", Z="4")]
    world.admin.apply(body)
    found = world.read(DEPLOYMENT, "one", place)["spec"]["template"]["spec"]["containers"]
    assert [item["name"] for item in found] == ["a"]
    assert {item["name"]: item["value"] for item in found[0]["env"]} == {"Y": "3", "Z": "4"}


def test_atomic_lists_are_replaced(world: World, place: str) -> None:
    """A container's command is replaced whole."""
    body = deployment(place)
    inner = body["spec"]["template"]["spec"]["containers"][0]
    inner["command"] = ["a", "b", "c"]
    world.admin.apply(body)
    inner["command"] = ["z"]
    world.admin.apply(body)
    found = world.read(DEPLOYMENT, "one", place)["spec"]["template"]["spec"]["containers"][0]
    assert found["command"] == ["z"]


def test_replicas_scaled_by_hand_are_taken_back(world: World, place: str) -> None:
    """An apply after somebody scaled the Deployment restores the replicas, as a new generation."""
    world.admin.apply(deployment(place))
    scaled = world.read(DEPLOYMENT, "one", place)
    scaled["spec"]["replicas"] = 3
    world.other.replace(scaled)
    world.admin.apply(deployment(place))
    found = world.read(DEPLOYMENT, "one", place)
    assert found["spec"]["replicas"] == 0
    assert found["metadata"]["generation"] == 3


def test_apply_asks_for_metadata_alone(world: World, place: str) -> None:
    """An apply can be answered with metadata alone."""
    headers = {**APPLY, "Accept": "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"}
    query = {"fieldManager": "trial", "force": "true"}
    path = CONFIG_MAP.path(place, "one")
    answer = world.raw("PATCH", path, config(place, key="1"), query=query, headers=headers)
    assert "data" not in status_of(answer.body)


def test_the_wrong_name_is_refused(world: World, place: str) -> None:
    """An applied object must be called as its path says: 400."""
    query = {"fieldManager": "trial", "force": "true"}
    path = CONFIG_MAP.path(place, "two")
    answer = world.raw("PATCH", path, config(place), query=query, headers=APPLY)
    assert answer.status == 400
