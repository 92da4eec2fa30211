"""Whatever dies, and whenever: every workspace reaches what was wanted of it."""

import threading
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from berth_kube.kinds import DEPLOYMENT
from berth_local.cluster.cluster import Cluster
from berth_local.site.site import Site
from tests.site.developer import Developer, Json, new_name
from tests.site.devfiles import devfile
from tests.site.faults import Agents, kill, kill_api_server
from tests.site.live import Live
from tests.site.waiting import always, first

Look = Callable[[str], Live]

AFTER_SECONDS = 120
"""For what was wanted, after a fault: a Lease that nobody gave back runs out first, back-offs too."""
AWAY_SECONDS = 20
QUIET_SECONDS = 22
"""More than twenty polls of an agent that asks once a second."""


@pytest.fixture(scope="module")
def two(owner: Developer) -> Iterator[list[str]]:
    """Ids of two workspaces."""
    made = [owner.create(devfile())["id"] for _ in range(2)]
    yield made
    for each in made:
        owner.terminate(each)


@pytest.fixture
def pair(owner: Developer, two: list[str]) -> list[Json]:
    """Two running workspaces, whatever the test before made of them."""
    for each in two:
        owner.want(each, "Running")
    return [owner.await_state(each, "Running", seconds=AFTER_SECONDS) for each in two]


def test_control_plane_is_killed_in_a_burst(
    site: Site, owner: Developer, live: Look, pair: list[Json]
) -> None:
    """Killed twice among creations, a stop and a restart: whoever asks until answered gets it, once each."""
    before = [_pod_uid(live(each["id"])) for each in pair]
    keys = {new_name("burst"): str(uuid.uuid4()) for _ in range(3)}
    asks: list[Callable[[], Json]] = [
        *(partial(owner.create_once, key, devfile(), name) for name, key in keys.items()),
        lambda: owner.want(pair[0]["id"], "Stopped"),
        lambda: owner.want(pair[1]["id"], "RestartRequested"),
    ]
    answered = threading.Semaphore(0)

    def insist(ask: Callable[[], Json]) -> Json:
        answer = first(lambda: owner.answer_of(ask), "an answer", seconds=60)
        answered.release()
        return answer

    with ThreadPoolExecutor(len(asks)) as people:
        waiting = [people.submit(insist, ask) for ask in asks]
        for _ in range(2):
            answered.acquire(timeout=30)
            site.control_plane.kill()
            site.control_plane.start()
        made = [each.result() for each in waiting[: len(keys)]]

    owner.await_state(pair[0]["id"], "Stopped", seconds=AFTER_SECONDS)
    for each in [*made, pair[1]]:
        owner.await_state(each["id"], "Running", seconds=AFTER_SECONDS)
    assert live(pair[0]["id"]).pods() == []
    assert _pod_uid(live(pair[1]["id"])) != before[1]
    assert [owner.find(name)["id"] for name in keys] == [each["id"] for each in made]
    for each in made:
        owner.terminate(each["id"])


def test_control_plane_is_away_for_a_while(
    site: Site, owner: Developer, live: Look, pair: list[Json]
) -> None:
    """While it is away nothing in the cluster changes; a wish made right after is carried out."""
    seen = [live(each["id"]) for each in pair]
    before = [(_pod_uid(each), _restarts(each), each.versions()) for each in seen]
    site.control_plane.kill()
    try:
        always(
            lambda: [(_pod_uid(e), _restarts(e), e.versions()) for e in seen] == before,
            "workspaces are as they were",
            seconds=AWAY_SECONDS,
        )
    finally:
        site.control_plane.start()

    owner.want(pair[0]["id"], "Stopped")
    owner.await_state(pair[0]["id"], "Stopped", seconds=AFTER_SECONDS)
    assert owner.read(pair[1]["id"])["actual"] == "Running"
    assert _pod_uid(seen[1]) == before[1][0]


def test_agent_is_killed_between_two_applies(agents: Agents, owner: Developer, live: Look) -> None:
    """Killed when the namespace is there and the Deployment is not: the next process does the rest."""
    (pid,) = agents.processes()
    made = owner.create(devfile())
    seen = live(made["id"])
    first(seen.exists, "the namespace", seconds=30, pause=0.002)
    kill(pid)

    assert seen.get(DEPLOYMENT, "workspace") is None, "the kill came too late to prove anything"
    owner.await_state(made["id"], "Running", seconds=AFTER_SECONDS)
    assert agents.processes() != [pid]
    owner.terminate(made["id"])


def test_agent_pod_is_removed_by_force(
    agents: Agents, owner: Developer, live: Look, pair: list[Json]
) -> None:
    """A pod that had no time to give back its Lease: another one carries out what was asked meanwhile."""
    leader = agents.await_leader()
    owner.want(pair[0]["id"], "Stopped")
    owner.want(pair[1]["id"], "RestartRequested")
    agents.delete(leader, force=True)

    owner.await_state(pair[0]["id"], "Stopped", seconds=AFTER_SECONDS)
    owner.await_state(pair[1]["id"], "Running", seconds=AFTER_SECONDS)
    assert live(pair[0]["id"]).pods() == []
    assert agents.await_leader() != leader


def test_two_agents_at_once(agents: Agents, owner: Developer, live: Look, pair: list[Json]) -> None:
    """One of two leads and acts; after all is reached twenty polls write nothing; the other takes over."""
    agents.scale(2)
    try:
        leader = agents.await_leader()
        (follower,) = set(agents.pods()) - {leader}
        owner.want(pair[0]["id"], "Stopped")
        owner.want(pair[1]["id"], "RestartRequested")
        owner.await_state(pair[0]["id"], "Stopped", seconds=AFTER_SECONDS)
        owner.await_state(pair[1]["id"], "Running", seconds=AFTER_SECONDS)
        assert agents.leader() == leader
        assert f"apply {pair[0]['id']}" in agents.log(leader)
        assert "apply" not in agents.log(follower)

        settled = [live(each["id"]).versions() for each in pair]
        always(
            lambda: [live(each["id"]).versions() for each in pair] == settled,
            "an agent wrote, though nothing was asked",
            seconds=QUIET_SECONDS,
        )

        agents.delete(leader)
        owner.want(pair[0]["id"], "Running")
        owner.await_state(pair[0]["id"], "Running", seconds=AFTER_SECONDS)
        assert agents.await_leader(other_than=leader) != leader
    finally:
        agents.scale(1)


def test_api_server_is_killed(
    cluster: Cluster, owner: Developer, live: Look, pair: list[Json]
) -> None:
    """Killed with wishes under way and started again: they are carried out, what ran runs on."""
    seen = live(pair[1]["id"])
    before = (_pod_uid(seen), _restarts(seen))
    owner.want(pair[0]["id"], "Stopped")
    made = owner.create(devfile())
    kill_api_server(cluster)

    owner.await_state(pair[0]["id"], "Stopped", seconds=AFTER_SECONDS)
    owner.await_state(made["id"], "Running", seconds=AFTER_SECONDS)
    assert first(seen.pods, "pods", seconds=10)
    assert (_pod_uid(seen), _restarts(seen)) == before
    owner.terminate(made["id"])


def _pod_uid(seen: Live) -> str:
    return str(seen.pod()["metadata"]["uid"])


def _restarts(seen: Live) -> int:
    return sum(each["restartCount"] for each in seen.pod()["status"]["containerStatuses"])
