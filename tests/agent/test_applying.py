"""Applying an order, on a real API server as the agent's own ServiceAccount."""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from typing import Any

import pytest

from berth_agent.applier import Applier
from berth_agent.tasks import Done, Failed, Incomplete, Outcome, Superseded, Waiting
from berth_kube.transport import Request
from chalicelib.domain.naming import make_id
from chalicelib.wire.labels import GENERATION, namespace_of
from chalicelib.wire.reconcile import ApplyOrder
from tests.agent.conftest import Installed
from tests.agent.faults import Killed, Recorder
from tests.agent.orders import Workspace
from tests.waiting import eventually

pytestmark = pytest.mark.cluster

KINDS = (
    "configmap,resourcequota,limitrange,serviceaccount,secret,persistentvolumeclaim,"
    "networkpolicy,service,deployment"
)
CONTROLLED = {"ResourceQuota", "Deployment", "PersistentVolumeClaim"}
"""Kinds whose status controllers write: their resourceVersion moves without us."""


def live(installed: Installed, workspace: Workspace) -> dict[tuple[str, str], dict[str, Any]]:
    """Every object of the workspace's namespace that Berth made."""
    found = installed.cluster.kubectl(
        "get", KINDS, "-n", namespace_of(workspace.id), "-l", "berth.dev/workspace-id", "-o", "json"
    )
    return {(o["kind"], o["metadata"]["name"]): o for o in json.loads(found.stdout)["items"]}


def versions(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[tuple[str, str], str]:
    """Resource versions of what nobody but the agent writes."""
    return {
        key: found["metadata"]["resourceVersion"]
        for key, found in objects.items()
        if key[0] not in CONTROLLED
    }


def generations(objects: dict[tuple[str, str], dict[str, Any]]) -> set[str]:
    """Generations that the objects carry."""
    found = (o["metadata"].get("annotations", {}).get(GENERATION) for o in objects.values())
    return {generation for generation in found if generation}


def done(applier: Applier, order: ApplyOrder) -> None:
    """Apply as the agent does: what a busy API server refuses, and what waits for the last pod to end, is
    tried again."""
    outcomes: list[Outcome] = []

    def applied() -> bool:
        outcomes.append(applier.run(order))
        passing = isinstance(outcomes[-1], Failed) and not outcomes[-1].error.final
        assert passing or outcomes[-1] in (Done(), Waiting()), outcomes
        return outcomes[-1] == Done()

    eventually(applied, "the order was not applied", seconds=30)


def test_a_group_is_created_and_then_left_alone(installed: Installed, workspace: Workspace) -> None:
    """The whole group exists after one run, and twenty more runs write nothing."""
    assert installed.applier().run(workspace.order(1)) == Done()
    names = {name for _, name in live(installed, workspace)}
    assert names >= {
        namespace_of(workspace.id),
        "berth",
        "workspace",
        "berth-data",
        "berth-environment",
    }
    again = installed.recorder()
    for _ in range(20):
        assert installed.applier(again).run(workspace.order(1, secrets=False)) == Done()
    assert again.writes == []


def test_reapplying_identical_content_makes_no_new_version(
    installed: Installed, workspace: Workspace
) -> None:
    """A new generation of the same content moves only the parent and the Deployment."""
    installed.applier().run(workspace.order(1))
    before = versions(live(installed, workspace))
    assert installed.applier().run(workspace.order(2, secrets=False)) == Done()
    after = versions(live(installed, workspace))
    changed = {key for key in after if after[key] != before[key]}
    assert changed == {("ConfigMap", namespace_of(workspace.id))}


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_write_changes_each_object_once(
    installed: Installed, workspace: Workspace, after: bool
) -> None:
    """Killed before or after each single write, a new process ends with the same group.

    Over both processes each object is changed at most once.
    """
    reference = installed.recorder()
    assert installed.applier(reference).run(workspace.order(1)) == Done()
    for generation, kill_at in enumerate(range(1, len(reference.writes) - 1), start=2):
        before = versions(live(installed, workspace))
        wanted = workspace.order(generation, replicas=generation % 2)
        dying = installed.applier(Recorder(installed.agent, kill_at=kill_at, after=after))
        with pytest.raises(Killed):
            done(dying, wanted)
        between = versions(live(installed, workspace))
        done(installed.applier(), wanted)
        converged = live(installed, workspace)
        for key, version in versions(converged).items():
            assert len({before[key], between[key], version}) <= 2, key
        assert generations(converged) == {str(generation)}
        assert converged["Deployment", "workspace"]["spec"]["replicas"] == generation % 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
def test_a_kill_at_any_write_of_the_creation_converges(installed: Installed, after: bool) -> None:
    """A workspace whose creation is killed at any write is whole after the next attempt."""
    kill_at = 0
    while True:
        kill_at += 1
        workspace = Workspace(make_id("ws", secrets.token_bytes(16)))
        dying = Recorder(installed.agent, kill_at=kill_at, after=after)
        try:
            installed.applier(dying).run(workspace.order(1))
        except Killed:
            assert installed.applier().run(workspace.order(1)) == Done()
            found = live(installed, workspace)
            assert len(found) == 9
            assert generations(found) == {"1"}
        else:
            break
        finally:
            place = namespace_of(workspace.id)
            installed.cluster.kubectl(
                "delete", "namespace", place, "--ignore-not-found", "--wait=false"
            )
    assert kill_at == len(dying.writes) + 1 == 12


def test_an_older_order_is_void(installed: Installed, workspace: Workspace) -> None:
    """An order that another agent overtook writes nothing."""
    installed.applier().run(workspace.order(2))
    late = installed.recorder()
    assert installed.applier(late).run(workspace.order(1)) == Superseded()
    assert late.writes == []


def test_what_left_the_set_is_pruned_but_never_a_volume(
    installed: Installed, workspace: Workspace
) -> None:
    """ConfigMaps and Secrets that an order lacks are deleted; strangers and the volume stay."""
    installed.applier().run(workspace.order(1, extra_ca="PEM"))
    place = namespace_of(workspace.id)
    installed.cluster.kubectl("create", "configmap", "stranger", "-n", place)
    plain = Workspace(workspace.id, variables=())
    assert installed.applier().run(plain.order(2)) == Done()
    found = installed.cluster.kubectl(
        "get", "configmap,secret,pvc", "-n", place, "-o", "name"
    ).stdout.split()
    assert "configmap/berth-trust" not in found
    assert "secret/berth-environment" not in found
    assert "configmap/stranger" in found
    assert "persistentvolumeclaim/berth-data" in found


def test_an_order_without_its_secrets_is_incomplete(
    installed: Installed, workspace: Workspace
) -> None:
    """An order that counts on Secrets which are not there does not start the workspace."""
    assert installed.applier().run(workspace.order(1, secrets=False)) == Incomplete()
    assert ("Deployment", "workspace") not in live(installed, workspace)


def test_a_tombstone_forbids_creation(installed: Installed, workspace: Workspace) -> None:
    """After a termination no order creates anything."""
    installed.terminator().terminate(workspace.id, 2)
    late = installed.recorder()
    assert installed.applier(late).run(workspace.order(3)) == Superseded()
    assert late.writes == []


def test_a_namespace_of_another_is_not_adopted(installed: Installed, workspace: Workspace) -> None:
    """A namespace of the right name without our labels is refused, for good and unchanged."""
    place = namespace_of(workspace.id)
    installed.cluster.kubectl("create", "namespace", place)
    outcome = installed.applier().run(workspace.order(1))
    assert isinstance(outcome, Failed)
    assert outcome.error.final
    assert "belongs to another" in outcome.error.message
    ended = installed.terminator().terminate(workspace.id, 2)
    assert isinstance(ended, Failed)
    assert installed.cluster.kubectl("get", "namespace", place).returncode == 0


def test_what_the_api_server_refuses_is_told_with_its_place(
    installed: Installed, workspace: Workspace
) -> None:
    """A wrong field ends in a final error that names the object and says what is wrong."""
    order = workspace.order(1)
    objects = json.loads(json.dumps(order.objects))
    objects[-1]["spec"]["unheardOf"] = True
    outcome = installed.applier().run(order.model_copy(update={"objects": tuple(objects)}))
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.name) == ("Deployment", "workspace")
    assert outcome.error.final
    assert "unheardOf" in outcome.error.message


class Rival:
    """An agent that applies an order while another does, both in step at each write."""

    def __init__(self, installed: Installed, order: ApplyOrder, meeting: threading.Barrier) -> None:
        self.outcome: Outcome = Superseded()
        self._order = order
        self._meeting = meeting
        self._applier = installed.applier(Recorder(installed.agent, before_each=self._meet))
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        for _ in range(10):
            self.outcome = self._applier.run(self._order)
            if not isinstance(self.outcome, Failed):
                return

    def _meet(self, request: Request) -> None:
        if request.method != "GET":
            with contextlib.suppress(threading.BrokenBarrierError):
                self._meeting.wait(0.05)


@pytest.mark.parametrize("generation", [2, 4, 6, 8])
def test_two_agents_end_on_one_generation(
    installed: Installed, workspace: Workspace, generation: int
) -> None:
    """Two agents that apply different generations at once leave one of them whole: the newer."""
    installed.applier().run(workspace.order(1))
    meeting = threading.Barrier(2)
    rivals = [
        Rival(installed, workspace.order(generation, replicas=0), meeting),
        Rival(installed, workspace.order(generation + 1, replicas=1), meeting),
    ]
    for rival in rivals:
        rival.thread.join()
    found = live(installed, workspace)
    deployment = found["Deployment", "workspace"]
    assert generations(found) == {str(generation + 1)}
    assert deployment["spec"]["replicas"] == 1
    assert found["Service", "workspace"]["metadata"]["annotations"]["berth.dev/serving"] == "true"
    assert rivals[1].outcome == Done()
