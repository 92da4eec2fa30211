"""Contract: watches, from streamed lists to their ends."""

from __future__ import annotations

import msgspec
import pytest

from berth_kube.errors import Gone, KubernetesError, Unreachable, error_of
from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD
from tests.simulation.cluster.things import config, deployment, pod
from tests.simulation.cluster.worlds import Line, ModelWorld, World

STREAMED = {
    "sendInitialEvents": "true",
    "resourceVersionMatch": "NotOlderThan",
    "allowWatchBookmarks": "true",
}
OURS = {"labelSelector": "trial=yes"}


def ours(place: str, name: str = "one", **data: str) -> dict[str, object]:
    """A ConfigMap that the selector above selects."""
    return config(place, name, labels={"trial": "yes"}, **data)


def is_end_of_list(line: Line) -> bool:
    """Whether it is the bookmark behind a streamed list."""
    annotations = line.object["metadata"].get("annotations", {})
    return line.type == "BOOKMARK" and annotations == {"k8s.io/initial-events-end": "true"}


def refusal(world: World, place: str, version: str) -> KubernetesError:
    """What a watch from a version is told, by an answer or by its first event."""
    try:
        with world.watching(CONFIG_MAP, place, resourceVersion=version) as lines:
            line = next(lines)
    except KubernetesError as error:
        return error
    assert line.type == "ERROR"
    return error_of(0, msgspec.json.encode(line.object))


def test_every_later_change_is_told_in_order(world: World, place: str) -> None:
    """From a version on, each change is told once, with growing versions; a deletion has its own."""
    then = world.now(CONFIG_MAP, place)
    with world.watching(CONFIG_MAP, place, resourceVersion=then, **OURS) as lines:
        world.admin.create(ours(place, key="1"))
        world.admin.replace(ours(place, key="2"))
        last = world.version(CONFIG_MAP, "one", place)
        world.admin.delete(CONFIG_MAP, "one", namespace=place)
        told = [next(lines) for _ in range(3)]
    assert [line.type for line in told] == ["ADDED", "MODIFIED", "DELETED"]
    versions = [line.version for line in told]
    assert versions == sorted(set(versions))
    assert versions[2] > last
    assert [line.object["data"]["key"] for line in told] == ["1", "2", "2"]


def test_a_watch_resumes_where_it_was(world: World, place: str) -> None:
    """A watch from the version of a change tells what came after it, and not the change."""
    first = world.admin.create(ours(place, "a")).metadata.resource_version
    world.admin.create(ours(place, "b"))
    world.admin.delete(CONFIG_MAP, "a", namespace=place)
    with world.watching(CONFIG_MAP, place, resourceVersion=first, **OURS) as lines:
        assert [next(lines).told for _ in range(2)] == [("ADDED", "b"), ("DELETED", "a")]


def test_a_watch_is_of_its_namespace(world: World, place: str) -> None:
    """What happens in other namespaces is not told."""
    other = world.namespace()
    then = world.now(CONFIG_MAP, place)
    with world.watching(CONFIG_MAP, place, resourceVersion=then, **OURS) as lines:
        world.admin.create(ours(other, "theirs"))
        world.admin.create(ours(place, "ours"))
        assert next(lines).told == ("ADDED", "ours")


def test_a_list_is_streamed_and_marked(world: World, place: str) -> None:
    """A streamed list is what is there as ADDED, then a bookmark that says so, then the changes."""
    for name in ("b", "a"):
        world.admin.create(ours(place, name))
    last = world.version(CONFIG_MAP, "a", place)
    with world.watching(CONFIG_MAP, place, **STREAMED, **OURS) as lines:
        assert [next(lines).told for _ in range(2)] == [("ADDED", "a"), ("ADDED", "b")]
        mark = next(lines)
        assert is_end_of_list(mark)
        assert mark.version >= last
        world.admin.create(ours(place, "c"))
        assert next(lines).told == ("ADDED", "c")


def test_a_list_of_nothing_is_streamed(world: World, place: str) -> None:
    """A streamed list of nothing is its bookmark alone."""
    with world.watching(CONFIG_MAP, place, **STREAMED, **OURS) as lines:
        assert is_end_of_list(next(lines))


def test_the_bookmark_can_be_resumed_from(world: World, place: str) -> None:
    """A watch from the version of a bookmark misses nothing and repeats nothing."""
    world.admin.create(ours(place, "a"))
    with world.watching(CONFIG_MAP, place, **STREAMED, **OURS) as lines:
        mark = [next(lines) for _ in range(2)][1]
    world.admin.create(ours(place, "b"))
    version = str(mark.version)
    with world.watching(CONFIG_MAP, place, resourceVersion=version, **OURS) as lines:
        assert next(lines).told == ("ADDED", "b")


def test_a_streamed_list_must_say_how_old_it_may_be(world: World, place: str) -> None:
    """``sendInitialEvents`` without ``resourceVersionMatch`` is refused."""
    query = {"sendInitialEvents": "true", "allowWatchBookmarks": "true"}
    with (
        pytest.raises(KubernetesError, match="resourceVersionMatch") as caught,
        world.watching(CONFIG_MAP, place, **query) as lines,
    ):
        next(lines)
    assert caught.value.status == 422


def test_a_watch_from_anywhere_begins_with_what_is_there(world: World, place: str) -> None:
    """Without a version, or from 0, what is there comes first as ADDED, without a mark."""
    world.admin.create(ours(place, "a"))
    for query in ({}, {"resourceVersion": "0"}):
        with world.watching(CONFIG_MAP, place, **query, **OURS) as lines:
            assert next(lines).told == ("ADDED", "a")
            world.admin.apply(ours(place, "a", key=str(len(query))))
            assert next(lines).told == ("MODIFIED", "a")


def test_what_leaves_the_selection_is_told_as_deleted(world: World, place: str) -> None:
    """An object that no longer has the label is told as DELETED, as it was, at the new version; one
    that gets it as ADDED."""
    world.admin.create(ours(place, key="1"))
    then = world.now(CONFIG_MAP, place)
    with world.watching(CONFIG_MAP, place, resourceVersion=then, **OURS) as lines:
        left = world.admin.replace(config(place, labels={"trial": "no"}, key="2"))
        gone = next(lines)
        world.admin.replace(config(place, labels={"trial": "no"}, key="3"))
        world.admin.replace(ours(place, key="4"))
        back = next(lines)
    assert gone.told == ("DELETED", "one")
    assert gone.object["metadata"]["labels"] == {"trial": "yes"}
    assert gone.object["data"] == {"key": "1"}
    assert str(gone.version) == left.metadata.resource_version
    assert back.told == ("ADDED", "one")
    assert back.object["data"] == {"key": "4"}


def test_the_end_of_a_pod_is_told_in_two_steps(world: World, place: str) -> None:
    """First the pod gets the time by which it will be gone, then it is."""
    world.admin.create(pod(place, node="nowhere"))
    then = world.now(POD, place)
    with world.watching(POD, place, resourceVersion=then) as lines:
        world.admin.delete(POD, "one", namespace=place)
        marked = next(lines)
        while marked.object["metadata"].get("deletionTimestamp") is None:
            marked = next(lines)
        world.raw("DELETE", POD.path(place, "one"), {"gracePeriodSeconds": 0})
        gone = next(lines)
        while gone.type != "DELETED":
            gone = next(lines)
    assert marked.told == ("MODIFIED", "one")
    assert gone.object["metadata"]["uid"] == marked.object["metadata"]["uid"]
    assert gone.version > marked.version


def test_the_end_of_a_namespace_is_told_in_two_steps(world: World, place: str) -> None:
    """First the namespace is Terminating with the time of its deletion, then it is gone."""
    then = world.now(NAMESPACE, "")
    query = {"fieldSelector": f"metadata.name={place}", "timeoutSeconds": "40"}
    with world.watching(NAMESPACE, resourceVersion=then, **query) as lines:
        world.admin.delete(NAMESPACE, place)
        marked = next(lines)
        gone = next(lines)
        while gone.type != "DELETED":
            gone = next(lines)
    assert marked.told == ("MODIFIED", place)
    assert marked.object["metadata"]["deletionTimestamp"]
    assert marked.object["status"]["phase"] == "Terminating"
    assert gone.version > marked.version


def test_a_finalizer_is_told_before_the_end(world: World, place: str) -> None:
    """A held object is MODIFIED by its deletion and DELETED when it is let go."""
    body = ours(place)
    world.admin.create(
        {**body, "metadata": {**body["metadata"], "finalizers": ["trial.berth.dev/hold"]}}  # type: ignore[dict-item]  # a test's object
    )
    then = world.now(CONFIG_MAP, place)
    with world.watching(CONFIG_MAP, place, resourceVersion=then, **OURS) as lines:
        world.admin.delete(CONFIG_MAP, "one", namespace=place)
        world.admin.replace(body)
        assert [next(lines).type for _ in range(2)] == ["MODIFIED", "DELETED"]


def test_a_status_is_a_change(world: World, place: str) -> None:
    """A write of the status alone is told as MODIFIED."""
    world.admin.create(deployment(place))
    body = world.read(DEPLOYMENT, "one", place)
    then = body["metadata"]["resourceVersion"]
    with world.watching(DEPLOYMENT, place, resourceVersion=then) as lines:
        body["status"] = {"observedGeneration": 1}
        world.raw("PUT", DEPLOYMENT.path(place, "one") + "/status", body)
        line = next(lines)
    assert line.type == "MODIFIED"
    assert line.object["status"]["observedGeneration"] == 1


def test_what_changes_nothing_is_not_told(world: World, place: str) -> None:
    """An apply without a change makes no event."""
    world.admin.apply(ours(place, key="1"))
    then = world.now(CONFIG_MAP, place)
    with world.watching(CONFIG_MAP, place, resourceVersion=then, **OURS) as lines:
        world.admin.apply(ours(place, key="1"))
        world.admin.apply(ours(place, key="2"))
        line = next(lines)
    assert line.object["data"] == {"key": "2"}


def test_a_watch_ends_in_order_after_its_time(world: World, place: str) -> None:
    """After ``timeoutSeconds`` the answer is complete; bookmarks come before, when asked for."""
    then = world.now(CONFIG_MAP, place)
    query = {"resourceVersion": then, "timeoutSeconds": "4", "allowWatchBookmarks": "true"}
    with world.watching(CONFIG_MAP, place, **query, **OURS) as lines:
        told = list(lines)
    assert {line.type for line in told} <= {"BOOKMARK"}
    assert all(line.version >= int(then) for line in told)


def test_a_version_that_was_forgotten_is_gone(world: World) -> None:
    """A watch from before what the server remembers is told 410 Expired in an ERROR event."""
    kind = world.forgetful()
    with world.watching(kind, "default", resourceVersion="1") as lines:
        (line,) = list(lines)
    assert line.type == "ERROR"
    told = error_of(0, msgspec.json.encode(line.object))
    assert isinstance(told, Gone)
    assert (told.status, told.reason) == (410, "Expired")
    assert told.message.startswith("too old resource version: 1 (")


@pytest.mark.parametrize("as_status", [False, True], ids=["event", "answer"])
def test_compaction_cuts_resumption(model: ModelWorld, as_status: bool) -> None:
    """After compaction a watch goes on, but none can be resumed from before.

    Of the model alone: a real API server compacts by a clock of its own, minutes apart.
    """
    place = model.namespace()
    then = model.now(CONFIG_MAP, place)
    model.server.faults.gone_as_status = as_status
    with model.watching(CONFIG_MAP, place, resourceVersion=then) as lines:
        model.admin.create(ours(place, "a"))
        model.server.compact()
        assert next(lines).told == ("ADDED", "a")
    assert isinstance(refusal(model, place, then), Gone)


def test_late_watches_are_late(model: ModelWorld) -> None:
    """A lag holds changes back by so many seconds, and loses none. Of the model alone."""
    place = model.namespace()
    model.server.faults.lag = 5.0
    then, began = model.now(CONFIG_MAP, place), model.time
    with model.watching(CONFIG_MAP, place, resourceVersion=then) as lines:
        model.admin.create(ours(place, "a"))
        assert next(lines).told == ("ADDED", "a")
    assert model.time == pytest.approx(began + 5.0)


def test_a_cut_watch_is_unreachable(model: ModelWorld) -> None:
    """A connection that is cut is told as such, and what was under way is lost. Of the model alone."""
    place = model.namespace()
    then = model.now(CONFIG_MAP, place)
    stream = model.watching(CONFIG_MAP, place, resourceVersion=then)
    with stream as lines:
        model.admin.create(ours(place, "a"))
        model.server.watches[-1].cut()
        with pytest.raises(Unreachable):
            next(lines)


def test_bookmarks_come_every_minute(model: ModelWorld) -> None:
    """While nothing happens to a kind its bookmarks follow the cluster's version; one
    comes shortly before the end.

    Of the model alone: on a real server it takes minutes to see.
    """
    place = model.namespace()
    then = model.now(CONFIG_MAP, place)
    query = {"resourceVersion": then, "timeoutSeconds": "100", "allowWatchBookmarks": "true"}
    with model.watching(CONFIG_MAP, place, **query) as lines:
        model.admin.create(pod(place))
        version = model.server.store.version
        told = list(lines)
    assert [line.type for line in told] == ["BOOKMARK"] * 2
    assert all(line.version >= version for line in told)
