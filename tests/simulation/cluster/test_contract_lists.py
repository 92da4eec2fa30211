"""Contract: lists and their pages."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
import pytest

from berth_kube.client import METADATA_LIST
from berth_kube.errors import Gone, error_of
from berth_kube.kinds import CONFIG_MAP, EVENT
from tests.simulation.cluster.things import config, event
from tests.simulation.cluster.worlds import ModelWorld, World

OURS = "trial=yes"  # not the ConfigMap that every namespace of a real cluster has


def make(world: World, place: str, *names: str) -> None:
    """Create ConfigMaps."""
    for name in names:
        world.admin.create(config(place, name, labels={"trial": "yes"}))


def names(found: Mapping[str, list[Mapping[str, Mapping[str, str]]]]) -> list[str]:
    """Names of the items."""
    return [item["metadata"]["name"] for item in found["items"]]


def test_a_list_is_sorted_and_of_its_namespace(world: World, place: str) -> None:
    """A list holds what is in its namespace, by name, at a version not before the last write."""
    other = world.namespace()
    make(world, place, "c", "a", "b")
    make(world, other, "d")
    found = world.listed(CONFIG_MAP, place, labelSelector=OURS)
    assert names(found) == ["a", "b", "c"]
    assert found["kind"] == "ConfigMapList"
    last = world.version(CONFIG_MAP, "d", other)
    assert int(found["metadata"]["resourceVersion"]) >= last
    everywhere = names(world.listed(CONFIG_MAP, labelSelector=OURS))
    assert set(everywhere) >= {"a", "b", "c", "d"}


def test_an_empty_list_has_a_version(world: World, place: str) -> None:
    """A list of nothing is a list, of a namespace that does not exist too."""
    for namespace in (place, "nowhere"):
        found = world.listed(CONFIG_MAP, namespace, labelSelector=OURS)
        assert not found["items"]
        assert int(found["metadata"]["resourceVersion"]) > 0


@pytest.mark.parametrize(
    "selector, expected",
    [
        ("tier=web", ["a", "b"]),
        ("tier==web,size=small", ["a"]),
        ("tier!=web", ["c", "d"]),
        ("size", ["a", "b"]),
        ("!size", ["c", "d"]),
        ("size in (small, large)", ["a", "b"]),
        ("size notin (small)", ["b", "c", "d"]),
        ("tier in (web,store),!size", ["c"]),
        ("tier=none", []),
    ],
)
def test_labels_select(world: World, place: str, selector: str, expected: list[str]) -> None:
    """Label selectors compare, look into sets and at existence; commas join them."""
    for name, labels in {
        "a": {"tier": "web", "size": "small"},
        "b": {"tier": "web", "size": "large"},
        "c": {"tier": "store"},
        "d": {},
    }.items():
        world.admin.create(config(place, name, labels={"trial": "yes", **labels}))
    assert names(world.listed(CONFIG_MAP, place, labelSelector=f"{OURS},{selector}")) == expected


def test_fields_select(world: World, place: str) -> None:
    """Events are selected by type, anything by name."""
    world.admin.create(event(place, "bad", "Warning"))
    world.admin.create(event(place, "good", "Normal"))
    assert names(world.listed(EVENT, place, fieldSelector="type=Warning")) == ["bad"]
    assert names(world.listed(EVENT, place, fieldSelector="metadata.name=good")) == ["good"]
    assert names(world.listed(EVENT, place, fieldSelector="metadata.name!=good")) == ["bad"]


def test_an_unknown_field_selects_nothing(world: World, place: str) -> None:
    """A kind is selected by few fields; others are answered 400."""
    query = {"fieldSelector": "data.key=1"}
    assert world.raw("GET", CONFIG_MAP.path(place), query=query).status == 400


def test_what_remains_is_counted(world: World, place: str) -> None:
    """Without a selector a page says how many follow."""
    make(world, place, "a", "b", "c")
    total = len(names(world.listed(CONFIG_MAP, place)))
    found = world.listed(CONFIG_MAP, place, limit="1")
    assert found["metadata"]["remainingItemCount"] == total - 1


def test_pages_are_of_one_version(world: World, place: str) -> None:
    """What changes between two pages is not seen: all pages are of the version of the first."""
    make(world, place, "a", "b", "c", "d")
    query = {"labelSelector": OURS, "limit": "2"}
    first = world.listed(CONFIG_MAP, place, **query)
    assert names(first) == ["a", "b"]
    world.admin.delete(CONFIG_MAP, "c", namespace=place)
    make(world, place, "cc")
    world.admin.replace(config(place, "d", labels={"trial": "yes"}, changed="1"))
    query["continue"] = first["metadata"]["continue"]
    second = world.listed(CONFIG_MAP, place, **query)
    assert names(second) == ["c", "d"]
    assert "data" not in second["items"][1]
    assert second["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_full_page_may_be_the_last(world: World, place: str) -> None:
    """There is no continue token once nothing follows."""
    make(world, place, "x", "y")
    everything = names(world.listed(CONFIG_MAP, place))
    found = world.listed(CONFIG_MAP, place, limit=str(len(everything)))
    assert names(found) == everything
    assert not found["metadata"].get("continue")


def test_an_empty_page_may_follow_a_full_one(world: World, place: str) -> None:
    """A full page leads on while anything follows, and what follows may not be selected."""
    make(world, place, "x", "y")
    world.admin.create(config(place, "z"))
    query = {"labelSelector": OURS, "limit": "2"}
    found = world.listed(CONFIG_MAP, place, **query)
    assert names(found) == ["x", "y"]
    query["continue"] = found["metadata"]["continue"]
    last = world.listed(CONFIG_MAP, place, **query)
    assert not last["items"]
    assert not last["metadata"].get("continue")


def test_a_token_that_is_none_is_refused(world: World, place: str) -> None:
    """A continue token that cannot be read is answered 400."""
    query = {"limit": "2", "continue": "nonsense"}
    assert world.raw("GET", CONFIG_MAP.path(place), query=query).status == 400


def test_metadata_lists_are_partial(world: World, place: str) -> None:
    """A list of metadata alone has no data in its items, and is paged alike."""
    for name in ("a", "b", "c"):
        world.admin.create(config(place, name, labels={"trial": "yes"}, key="1"))
    found = world.admin.list_metadata(CONFIG_MAP, namespace=place, selector=OURS)
    assert [item.metadata.name for item in found] == ["a", "b", "c"]
    headers = {"Accept": "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"}
    query = {"labelSelector": OURS, "limit": "2"}
    answer = world.raw("GET", CONFIG_MAP.path(place), query=query, headers=headers)
    page = msgspec.json.decode(answer.body)
    assert page["kind"] == "PartialObjectMetadataList"
    assert names(page) == ["a", "b"]
    assert all("data" not in item for item in page["items"])
    assert page["metadata"]["continue"]


def test_a_version_that_never_was_is_too_large(world: World, place: str) -> None:
    """A list at a version of the future is answered 504 with the reason Timeout."""
    future = str(int(world.now(CONFIG_MAP, place)) + 1_000_000)
    answer = world.raw("GET", CONFIG_MAP.path(place), query={"resourceVersion": future})
    status = msgspec.json.decode(answer.body)
    assert (answer.status, status["reason"]) == (504, "Timeout")
    assert "Too large resource version" in status["message"]


def test_an_exact_version_is_listed_as_it_was(world: World, place: str) -> None:
    """With ``resourceVersionMatch=Exact`` a list is of that version."""
    make(world, place, "a")
    then = str(world.version(CONFIG_MAP, "a", place))
    make(world, place, "b")
    query = {"resourceVersion": then, "resourceVersionMatch": "Exact", "labelSelector": OURS}
    assert names(world.listed(CONFIG_MAP, place, limit="9", **query)) == ["a"]


def test_compaction_expires_tokens(model: ModelWorld) -> None:
    """A continue token of a version that was compacted is answered 410 Expired.

    Of the model alone: a real API server compacts by a clock of its own, minutes apart.
    """
    place = model.namespace()
    make(model, place, "a", "b", "c")
    token = model.listed(CONFIG_MAP, place, limit="1")["metadata"]["continue"]
    make(model, place, "d")
    model.server.compact()
    answer = model.raw("GET", CONFIG_MAP.path(place), query={"limit": "1", "continue": token})
    assert isinstance(error_of(answer.status, answer.body, answer.headers), Gone)
    assert msgspec.json.decode(answer.body)["reason"] == "Expired"


def test_stale_lists_are_older(model: ModelWorld) -> None:
    """While the server is stale a list is as many versions old, and says so; one of metadata is new.

    Of the model alone: a real server is stale when it likes.
    """
    place = model.namespace()
    make(model, place, "a", "b")
    model.server.faults.staleness = 1
    found = model.listed(CONFIG_MAP, place)
    assert names(found) == ["a"]
    assert found["metadata"]["resourceVersion"] == str(model.version(CONFIG_MAP, "a", place))
    looked = model.raw("GET", CONFIG_MAP.path(place), headers={"Accept": METADATA_LIST})
    assert names(msgspec.json.decode(looked.body)) == ["a", "b"]
