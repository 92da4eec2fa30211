"""The real applier and terminator over the real client, on the model, from creation to collection."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from berth_agent.applier import Applier
from berth_agent.ownership import Owner
from berth_agent.tasks import Done, Failed, Incomplete, Outcome, Superseded, Waiting
from berth_agent.terminator import Terminator
from berth_kube import kinds
from berth_kube.kinds import DEPLOYMENT, EVENT, POD, SECRET, VOLUME_CLAIM
from berth_kube.transport import Request, Response, Stream
from chalicelib.wire.labels import namespace_of
from simulation.cluster import statuses
from simulation.cluster.controllers import CALM, Weather, drawn
from tests.agent.faults import Killed, Recorder
from tests.agent.orders import AGENT, Workspace
from tests.simulation.cluster.worlds import ModelWorld

OWNER = Owner(AGENT, "berth")
PLACE = namespace_of("ws-0123456789ab")


class Agent:
    """One workspace and who works on it."""

    def __init__(self, world: ModelWorld, workspace_id: str = "ws-0123456789ab") -> None:
        self.world = world
        self.workspace = Workspace(workspace_id)
        self.applier = Applier(world.agent, OWNER, world.pause)
        self.terminator = Terminator(world.agent, OWNER)

    def apply(self, generation: int, *, replicas: int = 1, extra_ca: str = "") -> Outcome:
        """Apply an order."""
        order = self.workspace.order(generation, replicas=replicas, extra_ca=extra_ca)
        return self.applier.run(order)

    def available(self) -> int:
        """Pods that serve, as the Deployment says."""
        found = self.world.read(DEPLOYMENT, "workspace", namespace_of(self.workspace.id))
        status = found.get("status") or {}
        if status.get("observedGeneration") != found["metadata"]["generation"]:
            return -1
        return int(status.get("availableReplicas", 0))

    def terminate(self, generation: int) -> None:
        """Take steps until it is over."""

        def is_over() -> bool:
            return self.terminator.terminate(self.workspace.id, generation) == Done()

        self.world.eventually(is_over, "the end of the workspace")


@pytest.fixture
def agent(model: ModelWorld) -> Agent:
    """An agent on a calm day."""
    return Agent(model)


def test_a_whole_life(agent: Agent) -> None:
    """Created, stopped, started, terminated and collected: nothing is left but the history."""
    world, server = agent.world, agent.world.server
    assert agent.apply(1) == Done()
    world.eventually(lambda: agent.available() == 1, "a pod that serves")
    (pod,) = world.controllers.running()
    assert (pod.generation, pod.claims, pod.is_leaving) == (1, ("berth-data",), False)
    assert agent.apply(2, replicas=0) == Done()
    world.eventually(lambda: not list(world.controllers.running()), "the end of the pod")
    assert agent.available() == 0
    assert agent.apply(3) == Done()
    world.eventually(lambda: agent.available() == 1, "another pod")
    agent.terminate(4)
    assert not server.store.get(kinds.NAMESPACE, "", PLACE)
    assert all(not list(server.store.shelf(kind).all(PLACE)) for kind in kinds.ALL)
    (volume,) = world.controllers.volumes.values()
    assert volume.deleted_at is not None
    assert agent.apply(5) == Superseded()
    assert agent.terminator.collect(agent.workspace.id, 4) == Done()
    assert not server.store.get(kinds.CONFIG_MAP, "berth", f"berth-tombstone-{agent.workspace.id}")


def test_the_volume_goes_after_the_last_pod(agent: Agent) -> None:
    """In the history the pod's end comes before the claim's, and the namespace's after both."""
    agent.apply(1)
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")
    agent.terminate(2)
    ended = [record.kind for record in agent.world.server.history if record.type == "DELETED"]
    assert ended.index("Deployment") < ended.index("Pod")
    assert ended.index("Pod") < ended.index("PersistentVolumeClaim") < ended.index("Namespace")
    (claim,) = [
        record
        for record in agent.world.server.history
        if (record.type, record.kind) == ("DELETED", "PersistentVolumeClaim")
    ]
    assert claim.by.caller != "agent"


def test_applying_again_writes_nothing(agent: Agent) -> None:
    """On a settled workspace the same order makes no write and no version."""
    agent.apply(1)
    agent.world.go(60)
    recorder = Recorder(agent.world.agent_transport)
    before = agent.world.server.store.version
    client = type(agent.world.agent)(recorder, manager="berth-agent")
    assert Applier(client, OWNER, agent.world.pause).run(agent.workspace.order(1)) == Done()
    assert recorder.writes == []
    assert agent.world.server.store.version == before


def test_a_changed_template_never_shares_the_volume(agent: Agent) -> None:
    """With a slow end of the old pod, the new template's pod is made only after it."""
    agent.world.controllers.weather = Weather(slow_stop=1.0)
    for generation, certificate in enumerate(("", "PEM", "MEP"), start=1):
        agent.apply(generation, extra_ca=certificate)
        for _ in range(400):
            agent.world.go(1)
            running = list(agent.world.controllers.running())
            assert len({pod.generation for pod in running}) <= 1
        assert agent.available() == 1


@pytest.mark.parametrize("seed", range(6))
def test_a_volume_is_on_one_node_at_a_time(seed: int) -> None:
    """Scaled by hand while the former pod lingers, the new one waits for the volume unless it came
    to the same node."""
    agent = Agent(ModelWorld(seed, Weather(slow_stop=1.0, nodes=3)))
    agent.apply(1)
    shared = 0
    for replicas in (1, 0, 1, 0, 1):
        live = agent.world.read(DEPLOYMENT, "workspace", PLACE)
        live["spec"]["replicas"] = replicas
        agent.world.admin.replace(live)
        for _ in range(20):
            agent.world.go(1)
            running = list(agent.world.controllers.running())
            shared += len(running) > 1
            assert len({pod.node for pod in running}) <= 1
    waited = {event.object["reason"] for event in agent.world.server.store.shelf(EVENT).all(PLACE)}
    assert shared or "FailedAttachVolume" in waited


def test_a_kill_at_any_write_converges(model: ModelWorld) -> None:
    """Killed at each write of a creation in turn, a second run completes every workspace."""
    kill_at = 0
    while True:
        kill_at += 1
        agent = Agent(model, f"ws-{kill_at:012d}")
        recorder = Recorder(model.agent_transport, kill_at=kill_at, after=bool(kill_at % 2))
        client = type(model.agent)(recorder, manager="berth-agent")
        try:
            Applier(client, OWNER, model.pause).run(agent.workspace.order(1))
        except Killed:
            assert agent.apply(1) == Done()
            model.eventually(lambda agent=agent: agent.available() == 1, "a pod")  # type: ignore[misc]  # binds the loop's
        else:
            break
    assert kill_at == len(recorder.writes) + 1 == 12


def test_rights_that_come_late_are_waited_for(agent: Agent) -> None:
    """A RoleBinding that takes a second to be known delays the creation and fails nothing."""
    agent.world.server.faults.binding_lag = 1.0
    began = agent.world.time
    assert agent.apply(1) == Done()
    assert agent.world.time >= began + 1.0


def test_secrets_must_be_there(agent: Agent) -> None:
    """An order that counts on Secrets which are not there is incomplete."""
    order = agent.workspace.order(1, secrets=False)
    assert agent.applier.run(order) == Incomplete()


def test_a_pod_without_its_secret_waits_and_heals(agent: Agent) -> None:
    """A Secret that somebody deleted is missed by the next pod, and told; with it the pod starts."""
    agent.apply(1)
    agent.world.admin.delete(SECRET, "berth-environment", namespace=PLACE)
    agent.world.go(30)
    assert agent.available() == 0
    (pod,) = agent.world.server.store.shelf(POD).all(PLACE)
    (status,) = pod.object["status"]["containerStatuses"]
    assert status["state"]["waiting"]["reason"] == "CreateContainerConfigError"
    warned = [event.object["reason"] for event in agent.world.server.store.shelf(EVENT).all(PLACE)]
    assert "Failed" in warned
    agent.apply(2)
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")


def test_a_refused_order_can_be_tried_again(agent: Agent) -> None:
    """A refusal out of the blue ends in a failure that names the object; the next run succeeds."""
    refused = statuses.too_many(7)
    agent.world.server.refuse = lambda request: (
        refused if request.path.endswith("/services/workspace") else None
    )
    outcome = agent.apply(1)
    assert isinstance(outcome, Failed)
    assert (outcome.error.kind, outcome.error.status) == ("Service", 429)
    assert not outcome.error.final
    agent.world.server.refuse = None
    assert agent.apply(1) == Done()


def test_a_stuck_namespace_ends_at_last(agent: Agent) -> None:
    """While something resists, the namespace stays Terminating and the terminator waits."""
    agent.apply(1)
    agent.world.controllers.weather = Weather(stuck_namespace=1.0)
    for _ in range(20):
        assert agent.terminator.terminate(agent.workspace.id, 2) == Waiting()
        agent.world.go(30)
    found = agent.world.read(kinds.NAMESPACE, PLACE)
    assert found["status"]["conditions"][0]["type"] == "NamespaceContentRemaining"
    agent.world.controllers.weather = CALM
    agent.terminate(2)


MISFORTUNES = [
    ({"unschedulable": 1.0}, "Pending", {"FailedScheduling"}),
    ({"attach_failure": 1.0}, "Pending", {"FailedAttachVolume"}),
    ({"mount_failure": 1.0}, "Pending", {"FailedMount"}),
    ({"pull_failure": 1.0}, "Pending", {"Failed"}),
    ({"clone_failure": 1.0}, "Pending", set()),
    ({"config_failure": 1.0}, "Pending", {"Failed"}),
    ({"crash": 1.0}, "Running", set()),
    ({"crash": 1.0, "out_of_memory": 1.0}, "Running", set()),
    ({"provisioning_failure": 1.0}, "Pending", {"ProvisioningFailed"}),
]


@pytest.mark.parametrize(
    "rates, phase, warned", MISFORTUNES, ids=["+".join(rates) for rates, _, _ in MISFORTUNES]
)
def test_a_misfortune_shows_and_heals(
    model: ModelWorld, rates: dict[str, float], phase: str, warned: set[str]
) -> None:
    """While it lasts no pod serves, and events tell why; when the weather turns, one does."""
    agent = Agent(model)
    model.controllers.weather = Weather(**rates, backoff_cap=60.0)  # type: ignore[arg-type]  # rates only
    agent.apply(1)
    for _ in range(40):
        model.go(10)
        assert agent.available() == 0
    (pod,) = model.server.store.shelf(POD).all(PLACE)
    assert pod.object["status"]["phase"] == phase
    events = {event.object["reason"] for event in model.server.store.shelf(EVENT).all(PLACE)}
    assert events >= warned
    conditions = model.read(DEPLOYMENT, "workspace", PLACE)["status"]["conditions"]
    assert {c["type"]: c["reason"] for c in conditions} == {
        "Available": "MinimumReplicasUnavailable",
        "Progressing": "ProgressDeadlineExceeded",
    }
    model.controllers.weather = CALM
    model.go(90)
    assert agent.available() == 1


def test_a_refused_pod_is_told_and_heals(agent: Agent) -> None:
    """A quota that refuses the pod is a condition of the Deployment, until it admits one."""
    agent.world.controllers.weather = Weather(pod_refusal=1.0)
    agent.apply(1)
    agent.world.go(30)
    conditions = agent.world.read(DEPLOYMENT, "workspace", PLACE)["status"]["conditions"]
    (failure,) = [c for c in conditions if c["type"] == "ReplicaFailure"]
    assert (failure["status"], failure["reason"]) == ("True", "FailedCreate")
    assert "exceeded quota" in failure["message"]
    agent.world.controllers.weather = CALM
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")


def test_a_start_that_takes_too_long_is_no_lack_of_progress(agent: Agent) -> None:
    """Of a template that was available once, a stopped and started Deployment never says that it
    exceeded its deadline."""
    agent.apply(1)
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")
    agent.apply(2, replicas=0)
    agent.world.go(30)
    agent.world.controllers.weather = Weather(pull_failure=1.0)
    agent.apply(3)
    agent.world.go(900)
    conditions = agent.world.read(DEPLOYMENT, "workspace", PLACE)["status"]["conditions"]
    assert {c["type"]: (c["status"], c["reason"]) for c in conditions} == {
        "Available": ("False", "MinimumReplicasUnavailable"),
        "Progressing": ("True", "NewReplicaSetAvailable"),
    }


def test_an_evicted_pod_is_replaced(agent: Agent) -> None:
    """An evicted pod stays as Failed with its reason, and another takes its place."""
    agent.world.controllers.weather = Weather(eviction=1.0, late_after=(5.0, 5.0))
    agent.apply(1)
    agent.world.eventually(
        lambda: any(
            pod.object["status"].get("reason") == "Evicted"
            for pod in agent.world.server.store.shelf(POD).all(PLACE)
        ),
        "an eviction",
    )
    agent.world.controllers.weather = CALM
    assert not list(agent.world.controllers.running())
    agent.world.eventually(lambda: len(list(agent.world.controllers.running())) == 1, "another")
    agent.world.eventually(lambda: agent.available() == 1, "another pod that serves")


def test_meddling_never_takes_a_volume(agent: Agent) -> None:
    """Whatever an administrator does by hand, no claim is deleted, and an order heals the rest."""
    agent.apply(1)
    agent.world.go(30)
    for _ in range(200):
        agent.world.controllers.meddler.meddle()
        agent.world.go(1)
    ended = {record.kind for record in agent.world.server.history if record.type == "DELETED"}
    assert "PersistentVolumeClaim" not in ended
    assert ended >= {"Deployment", "Pod", "Service", "Secret"}
    assert agent.apply(2) == Done()
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")
    assert agent.world.read(VOLUME_CLAIM, "berth-data", PLACE)["status"]["phase"] == "Bound"


def played(seed: int) -> Iterator[tuple[object, ...]]:
    """A few workspaces under drawn weather: their history and how they end."""
    world = ModelWorld(seed)
    chance = world.server.registry._chance
    world.controllers.weather = drawn(chance)
    agents = [Agent(world, f"ws-{number:012d}") for number in range(4)]
    for generation in range(1, 5):
        for agent in agents:
            agent.apply(generation, replicas=generation % 2)
            world.go(25)
    world.controllers.weather = CALM
    world.go(400)
    for agent in agents:
        assert agent.apply(9) == Done()
        world.eventually(lambda agent=agent: agent.available() == 1, "a pod that serves")  # type: ignore[misc]  # binds the loop's
    agents[0].terminate(10)
    yield from world.server.history


@pytest.mark.parametrize("seed", range(8))
def test_any_weather_passes(seed: int) -> None:
    """Whatever weather is drawn, every workspace serves after it, and ends when told."""
    assert list(played(seed))


def test_a_seed_is_a_story() -> None:
    """The same seed gives the same history to the last uid; another seed another one."""
    assert list(played(1)) == list(played(1))
    assert list(played(1)) != list(played(2))


def test_a_seed_is_a_story_in_every_process() -> None:
    """How this Python hashes strings changes nothing in it."""
    words = "from tests.simulation.cluster.test_lives import played; print(list(played(3)))"
    told = {
        subprocess.run(
            [sys.executable, "-c", words],
            env={**os.environ, "PYTHONHASHSEED": hashing},
            cwd=Path(__file__).parents[3],
            capture_output=True,
            check=True,
        ).stdout
        for hashing in ("1", "2")
    }
    assert len(told) == 1
    assert told != {b"[]\n"}


def test_a_start_waits_for_the_last_pod(agent: Agent) -> None:
    """While a pod of the run before ends, a start waits, whatever the agent's own view says of pods."""
    agent.apply(1)
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")
    agent.world.controllers.weather = Weather(slow_stop=1.0)
    assert agent.apply(2, replicas=0) == Done()
    agent.world.go(2)
    assert list(agent.world.controllers.running())
    assert agent.apply(3) == Waiting()
    agent.world.eventually(lambda: agent.apply(3) == Done(), "the start")
    agent.world.eventually(lambda: agent.available() == 1, "another pod")
    assert {pod.generation for pod in agent.world.controllers.running()} == {3}


def test_what_was_scaled_by_hand_is_applied_again(agent: Agent) -> None:
    """The annotations still acknowledge the order, and yet it is no repetition."""
    agent.apply(1)
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")
    while agent.available() != 0:
        agent.world.controllers.meddler.scale()
        agent.world.go(10)
    assert agent.apply(1) == Done()
    agent.world.eventually(lambda: agent.available() == 1, "the pod again")


def test_a_late_apply_brings_no_deployment_back(agent: Agent) -> None:
    """Between the look and the write the Deployment is deleted: the write finds nothing to change."""
    agent.apply(1)
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")

    class Late:
        """A transport on which somebody deletes the Deployment just before it is written."""

        def __init__(self) -> None:
            self.deleted = False

        def send(self, request: Request) -> Response:
            is_write = request.method == "PATCH" and "/deployments/" in request.path
            if is_write and not self.deleted:
                self.deleted = True
                assert agent.world.controllers.meddler.delete_deployment()
            answer = agent.world.agent_transport.send(request)
            if is_write:
                answers.append(answer.status)
            return answer

        def stream(self, request: Request) -> AbstractContextManager[Stream]:
            return agent.world.agent_transport.stream(request)

    answers: list[int] = []
    client = type(agent.world.agent)(Late(), manager="berth-agent")
    Applier(client, OWNER, agent.world.pause).run(agent.workspace.order(2, replicas=0))
    assert answers[0] == 409


def test_a_secret_that_was_deleted_by_hand_is_asked_for(agent: Agent) -> None:
    """An order that counts on Secrets looks whether they are there; with them it is whole again."""
    agent.apply(1)
    agent.world.eventually(lambda: agent.available() == 1, "a pod that serves")
    whole = agent.workspace.order(2)
    counting = whole.model_copy(update={"secrets": None})
    name = whole.secret_names[0]
    agent.world.admin.delete(SECRET, name, namespace=PLACE)
    assert agent.applier.run(counting) == Incomplete()
    assert agent.applier.run(whole) == Done()
    assert agent.applier.run(counting) == Done()
    assert agent.world.server.store.get(SECRET, PLACE, name)
