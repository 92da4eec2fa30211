"""What applier and terminator never do, whatever comes between two of their requests; on the model."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from berth_agent.applier import Applier
from berth_agent.ownership import Owner
from berth_agent.tasks import Done, Failed, Outcome, Superseded, Waiting
from berth_agent.terminator import Terminator
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.transport import Request
from chalicelib.wire.labels import namespace_of
from simulation.cluster.controllers import Weather
from tests.agent.faults import Recorder
from tests.agent.orders import AGENT, Workspace
from tests.simulation.cluster.worlds import ModelWorld

OWNER = Owner(AGENT, "berth")
WORKSPACE = Workspace("ws-0123456789ab")
PLACE = namespace_of(WORKSPACE.id)
TOMBSTONE = f"berth-tombstone-{WORKSPACE.id}"


def applier(world: ModelWorld, recorder: Recorder | None = None) -> Applier:
    client = world.agent if recorder is None else Client(recorder, manager="berth-agent")
    return Applier(client, OWNER, world.pause)


def terminator(world: ModelWorld, recorder: Recorder | None = None) -> Terminator:
    client = world.agent if recorder is None else Client(recorder, manager="berth-agent")
    return Terminator(client, OWNER)


def objects(world: ModelWorld) -> dict[tuple[str, str], object]:
    """All that the workspace has, without what the cluster itself writes."""
    found: dict[tuple[str, str], object] = {}
    for kind in (*kinds.ALL, kinds.CONFIG_MAP):
        for live in world.server.store.shelf(kind).all(PLACE):
            thing, metadata = live.object, live.object["metadata"]
            written = (metadata.get("annotations"), thing.get("spec"), thing.get("data"))
            found[kind.name, metadata["name"]] = written
    return found


def tombstone_generation(world: ModelWorld) -> str:
    data: dict[str, str] = world.read(kinds.CONFIG_MAP, TOMBSTONE, "berth").get("data", {})
    return data.get("generation", "")


def just_before(number: int, act: Callable[[], object]) -> Callable[[Request], None]:
    """Act once, before the request of this number (from 1)."""
    seen = 0

    def look(_: Request) -> None:
        nonlocal seen
        seen += 1
        if seen == number:
            act()

    return look


def is_guarded(request: Request) -> bool:
    """Whether the request looks, claims or swaps: the writes of members stand between two looks."""
    return request.method in {"GET", "PUT"} or "/deployments/" in request.path


def test_an_older_order_writes_nothing(model: ModelWorld) -> None:
    """Once a newer generation is claimed an older order is void from its first request on."""
    assert applier(model).run(WORKSPACE.order(2)) == Done()
    late = Recorder(model.agent_transport)
    assert applier(model, late).run(WORKSPACE.order(1)) == Superseded()
    assert late.writes == []


class Overtaken:
    """An application of generation 2, just before whose n-th request one of generation 3 is whole."""

    def __init__(self, number: int) -> None:
        self.model = ModelWorld()
        self.left: dict[tuple[str, str], object] = {}
        applier(self.model).run(WORKSPACE.order(1))
        recorder = Recorder(
            self.model.agent_transport, before_each=just_before(number, self._overtake)
        )
        self.outcome: Outcome = applier(self.model, recorder).run(WORKSPACE.order(2, replicas=0))
        self.request = recorder.requests[number - 1] if self.left else None

    def _overtake(self) -> None:
        assert applier(self.model).run(WORKSPACE.order(3)) == Done()
        self.left = objects(self.model)


def test_who_was_overtaken_leaves_the_newer_group_whole() -> None:
    """Wherever a newer order is applied between two requests of an older one, the group is the newer."""
    number, guarded = 1, 0
    while (story := Overtaken(number)).request is not None:
        if is_guarded(story.request):
            assert objects(story.model) == story.left, story.request
            assert story.outcome != Done()
            guarded += 1
        number += 1
    assert guarded > 10


def test_a_tombstone_that_comes_while_a_namespace_is_made_forbids_the_rest(
    model: ModelWorld,
) -> None:
    """Who creates looks again once the namespace is there: no volume is made after the end."""

    def bury(request: Request) -> None:
        if request.method == "POST" and request.path.endswith("/namespaces"):
            assert terminator(model).terminate(WORKSPACE.id, 2) == Done()

    recorder = Recorder(model.agent_transport, before_each=bury)
    assert applier(model, recorder).run(WORKSPACE.order(1)) == Superseded()
    assert objects(model) == {}
    assert tombstone_generation(model) == "2"


def test_the_tombstone_stands_before_anything_is_deleted(model: ModelWorld) -> None:
    """The first write of a termination is its tombstone."""
    applier(model).run(WORKSPACE.order(1))
    recorder = Recorder(model.agent_transport)
    terminator(model, recorder).terminate(WORKSPACE.id, 2)
    first, *rest = recorder.writes
    assert (first.method, first.path.rpartition("/")[2]) == ("POST", "configmaps")
    assert {request.method for request in rest} == {"DELETE"}


def test_the_namespace_is_left_while_a_pod_is(model: ModelWorld) -> None:
    """A pod that takes its time may write until it ends: only then is the volume given up."""
    applier(model).run(WORKSPACE.order(1))
    model.eventually(lambda: bool(list(model.controllers.running())), "a pod")
    model.controllers.weather = Weather(slow_stop=1.0)
    ending, held = terminator(model), 0
    while list(model.controllers.running()):
        assert ending.terminate(WORKSPACE.id, 2) == Waiting()
        assert not model.read(kinds.NAMESPACE, PLACE)["metadata"].get("deletionTimestamp")
        held += 1
        model.go(1)
    assert held > 2
    model.eventually(lambda: ending.terminate(WORKSPACE.id, 2) == Done(), "the end")


def test_a_tombstone_goes_only_after_all_it_stands_for(model: ModelWorld) -> None:
    """It is kept while the namespace lives, and where the confirmation is of an older termination."""
    applier(model).run(WORKSPACE.order(1))
    ending = terminator(model)
    ending.terminate(WORKSPACE.id, 3)
    assert ending.collect(WORKSPACE.id, 3) == Superseded()
    model.eventually(lambda: ending.terminate(WORKSPACE.id, 3) == Done(), "the end")
    assert ending.collect(WORKSPACE.id, 2) == Superseded()
    assert tombstone_generation(model) == "3"
    assert ending.collect(WORKSPACE.id, 3) == Done()
    assert tombstone_generation(model) == ""


def test_a_tombstone_is_never_lowered(model: ModelWorld) -> None:
    """A termination that comes late finds the newer tombstone and leaves it."""
    terminator(model).terminate(WORKSPACE.id, 3)
    terminator(model).terminate(WORKSPACE.id, 2)
    assert tombstone_generation(model) == "3"
    terminator(model).terminate(WORKSPACE.id, 4)
    assert tombstone_generation(model) == "4"


def test_a_namespace_of_another_is_neither_adopted_nor_removed(model: ModelWorld) -> None:
    """One of the right name without our labels is refused for good, and stays as it is."""
    model.namespace(PLACE)
    outcome = applier(model).run(WORKSPACE.order(1))
    assert isinstance(outcome, Failed)
    assert outcome.error.final
    assert objects(model).keys() <= {
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
    }
    ended = terminator(model).terminate(WORKSPACE.id, 2)
    assert isinstance(ended, Failed)
    assert (outcome.error.reason, ended.error.reason) == ("RefusedByAgent", "RefusedByAgent")
    assert not model.read(kinds.NAMESPACE, PLACE)["metadata"].get("deletionTimestamp")


@pytest.mark.parametrize("secrets", [True, False])
def test_what_left_the_set_goes_but_never_a_stranger_or_a_volume(
    model: ModelWorld, *, secrets: bool
) -> None:
    """ConfigMaps that an order lacks are deleted; strangers, the volume and named Secrets stay."""
    applier(model).run(WORKSPACE.order(1, extra_ca="PEM"))
    stranger = {"name": "stranger", "namespace": PLACE}
    model.admin.create({"apiVersion": "v1", "kind": "ConfigMap", "metadata": stranger})
    assert ("ConfigMap", "berth-trust") in objects(model)
    assert applier(model).run(WORKSPACE.order(2, secrets=secrets)) == Done()
    found = objects(model)
    assert ("ConfigMap", "berth-trust") not in found
    assert ("ConfigMap", "stranger") in found
    assert ("PersistentVolumeClaim", "berth-data") in found
    assert ("Secret", "berth-environment") in found


def test_a_volume_that_left_the_set_stays(model: ModelWorld) -> None:
    """An order without the volume deletes no volume: only a termination does."""
    applier(model).run(WORKSPACE.order(1, extra_ca="PEM"))
    order = WORKSPACE.order(2)
    fewer = tuple(each for each in order.objects if each["kind"] != "PersistentVolumeClaim")
    assert len(fewer) == len(order.objects) - 1
    assert applier(model).run(order.model_copy(update={"objects": fewer})) == Done()
    assert ("ConfigMap", "berth-trust") not in objects(model)
    claim = model.read(kinds.VOLUME_CLAIM, "berth-data", PLACE)
    assert claim
    assert not claim["metadata"].get("deletionTimestamp")
