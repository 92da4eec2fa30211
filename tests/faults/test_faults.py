"""Real parts fail while workspaces are created, stopped, started and terminated: all settles, no rule is broken."""

import json
from collections.abc import Callable

import httpx

from berth_kube.connection import Connection
from berth_kube.kinds import DEPLOYMENT, LEASE
from berth_kube.transport import Request
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.layout import ETCD_ADDRESS
from tests.agent.conftest import NAMESPACE
from tests.faults.changes import Changes
from tests.faults.installation import Installation
from tests.site.faults import Program, is_ready
from tests.site.waiting import first

NOTICED_SECONDS = 60


def test_both_ways_refuse(here: Installation, changes: Changes) -> None:
    """Connections are reset for a while, shorter than the Lease lasts; then both ways are slow until all is settled."""
    before = here.agent.starts
    changes.ask()
    changes.await_begun()
    here.to_api_server.refuse()
    here.to_control_plane.refuse()
    _await(lambda: here.to_api_server.tried >= 10, "10 attempts")
    here.to_api_server.heal()
    here.to_api_server.slow(0.05)
    _await(lambda: here.to_control_plane.tried >= 3, "3 attempts")
    here.to_control_plane.heal()
    here.to_control_plane.slow(0.3)
    changes.await_settled()
    here.to_api_server.heal()
    here.to_control_plane.heal()
    assert here.agent.starts == before


def test_api_server_falls_silent(here: Installation, changes: Changes) -> None:
    """Silent for longer than the Lease lasts: the leader ends itself, the next process does the rest."""
    before = here.agent.starts
    changes.ask()
    changes.await_begun()
    here.to_api_server.silence()
    _await(lambda: here.agent.starts > before, "the end of a leader that cannot renew its Lease")
    here.to_api_server.heal()
    changes.await_settled()


def test_both_ways_are_half_open(here: Installation, changes: Changes) -> None:
    """Connections that nobody will ever answer again, while new ones pass: noticed, nothing lost, nobody ends."""
    before = here.agent.starts
    changes.ask()
    changes.await_begun()
    for link in (here.to_api_server, here.to_control_plane):
        link.silence()
        link.heal()
    changes.await_settled()
    assert here.agent.starts == before


def test_agent_is_killed(here: Installation, changes: Changes) -> None:
    """Killed at the first sign of a change, and once more: the next process does the rest."""
    changes.ask()
    changes.await_begun()
    here.agent.kill()
    changes.await_accepted()
    here.agent.kill()
    changes.await_settled()


def test_control_plane_is_killed(here: Installation, changes: Changes) -> None:
    """Killed among the requests and once more under way: whoever asks until answered gets it once."""
    changes.ask()
    changes.await_first_answer()
    _restart_control_plane(here)
    changes.await_begun()
    _restart_control_plane(here)
    changes.await_settled()


def test_store_is_killed(here: Installation, changes: Changes) -> None:
    """DynamoDB Local is killed among the requests and once more under way."""
    changes.ask()
    changes.await_first_answer()
    _restart_store(here)
    changes.await_begun()
    _restart_store(here)
    changes.await_settled()


def test_api_server_and_etcd_are_killed(here: Installation, changes: Changes) -> None:
    """Etcd dies under the API server, then that too; it comes back without a past: watches get 410 Gone."""
    etcd, server = Program(here.cluster, "etcd"), Program(here.cluster, "apiserver")
    old = _version(here.admin)
    changes.ask()
    changes.await_begun()
    etcd.kill()
    _await(lambda: not is_ready(here.cluster), "the API server to miss its store")
    here.to_api_server.refuse()
    server.kill()
    etcd.start()
    since = here.history.streams.copy()
    _compact(here.cluster)
    server.start()
    # The agent stays out until the recorder is there again: it would miss what was written.
    _await(lambda: here.history.is_following(since), "the recorder to watch again")
    assert _watch_is_gone(here.admin, old)
    here.to_api_server.heal()
    changes.await_settled()


def test_leader_is_frozen_past_its_lease(here: Installation, changes: Changes) -> None:
    """Another leads meanwhile and obeys newer wishes; the old one, when it goes on, writes nothing and ends."""
    with here.new_agent("second") as second:
        changes.ask()
        changes.await_begun()
        before = here.agent.starts
        here.agent.freeze()
        changes.await_accepted()
        here.owner.want(changes.stopping, "Running")
        here.owner.want(changes.starting, "Stopped")
        changes.await_settled()
        assert _holder(here) == second.holder
        settled = _versions(changes)
        here.agent.thaw()
        _await(lambda: here.agent.starts > before, "the end of the old leader")
        assert _versions(changes) == settled
        assert _holder(here) == second.holder


def test_the_audit_log_verifies(here: Installation) -> None:
    """INV-19: after all of this the chain of the audit log is whole."""
    ended = here.owner.berth("audit", "verify")
    assert ended.code == 0, ended.stderr


def _await(holds: Callable[[], bool], what: str) -> None:
    first(holds, what, seconds=NOTICED_SECONDS)


def _restart_control_plane(here: Installation) -> None:
    here.control_plane.kill()
    here.control_plane.start()


def _restart_store(here: Installation) -> None:
    here.store.kill()
    here.store.start()


def _compact(cluster: Cluster) -> None:
    """Let etcd, once it answers, forget every revision before the present one, by its own JSON gateway."""
    etcd = f"http://127.0.0.1:{cluster.forward(0, ETCD_ADDRESS)}/v3/kv"

    def revision() -> int | None:
        try:
            answer = httpx.post(f"{etcd}/range", json={"key": "AA=="})
        except httpx.TransportError:
            return None
        return int(answer.json()["header"]["revision"]) if answer.is_success else None

    asked = {"revision": first(revision, "etcd", seconds=NOTICED_SECONDS), "physical": True}
    httpx.post(f"{etcd}/compaction", json=asked).raise_for_status()


def _version(admin: Connection) -> str:
    """The present resource version of the Deployments."""
    listed = json.loads(admin.send(Request("GET", DEPLOYMENT.path())).body)
    return str(listed["metadata"]["resourceVersion"])


def _watch_is_gone(admin: Connection, version: str) -> bool:
    """Whether a watch from this version on is refused for being too old."""
    query = {"watch": "1", "resourceVersion": version, "timeoutSeconds": "1"}
    answer = admin.send(Request("GET", DEPLOYMENT.path(), query=query))
    first_line = json.loads(answer.body.splitlines()[0])
    return answer.status == 410 or first_line.get("object", {}).get("code") == 410


def _holder(here: Installation) -> str:
    path = LEASE.path(NAMESPACE, "berth-agent")
    answer = here.admin.send(Request("GET", path))
    return str(json.loads(answer.body)["spec"].get("holderIdentity"))


def _versions(changes: Changes) -> dict[str, int]:
    """Resource version by uid of what the agent writes."""
    return {each.uid: each.at for each in changes.live() if each.generation}
