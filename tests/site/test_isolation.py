"""What a workspace's processes may do and reach, tried from inside."""

import json
import sys
from collections.abc import Callable, Iterator

import pytest

from berth_local.cluster.cluster import Cluster
from berth_local.cluster.layout import NODE_IP
from berth_local.site.names import GIT
from berth_local.site.site import Site
from tests.site.developer import Developer, Json
from tests.site.devfiles import devfile, project
from tests.site.live import Live

Look = Callable[[str], Live]

PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def reach(place):
    host, port = place
    try:
        socket.create_connection((host, port), timeout=3).close()
    except OSError as error:
        return type(error).__name__
    return "open"

with ThreadPoolExecutor(8) as beside:
    print(json.dumps(list(beside.map(reach, json.loads(sys.argv[1])))))
"""
API_SERVICE = "10.0.0.1"


@pytest.fixture(scope="module")
def two(site: Site, owner: Developer) -> Iterator[list[Json]]:
    """Two running workspaces of one owner."""
    cloned = devfile(projects=[project("hello", site.repository)])
    made = [owner.create(cloned) for _ in range(2)]
    yield [owner.await_state(each["id"], "Running") for each in made]
    for each in made:
        owner.terminate(each["id"])


@pytest.fixture
def inside(two: list[Json], live: Look) -> Live:
    """The first of the two."""
    return live(two[0]["id"])


def reached(seen: Live, places: list[tuple[str, int]]) -> list[str]:
    """Try to connect from inside; ``open``, or the name of the error, for each place."""
    said = seen.exec("/.berth/bin/python3", "-I", "-c", PROBE, json.dumps(places))
    found: list[str] = json.loads(said)
    return found


def test_nothing_of_the_cluster_is_reachable(
    inside: Live, two: list[Json], live: Look, cluster: Cluster
) -> None:
    """API server, kubelet, metadata address and the neighbour's pod do not answer, though the node reaches them."""
    neighbour = live(two[1]["id"]).pod()["status"]["podIP"]
    own = inside.pod()["status"]["podIP"]
    there = [(API_SERVICE, 443), (NODE_IP, 6443), (NODE_IP, 10250), (neighbour, 7681)]
    from_the_node = cluster.run([sys.executable, "-I", "-c", PROBE, json.dumps(there)]).stdout
    assert json.loads(from_the_node) == ["open"] * len(there)

    assert reached(inside, [("127.0.0.1", 7681), (own, 7681)])[0] == "open"
    assert reached(inside, [*there, ("169.254.169.254", 80)]) == ["TimeoutError"] * 5


@pytest.fixture
def stranger(site: Site) -> Iterator[str]:
    """Name of a pod of somebody else's, in the namespace ``default``."""
    name, image = "stranger", site.place.image("proxy")
    run = ("run", name, f"--image={image}", "--image-pull-policy=Never", "--restart=Never")
    waiting = ("python3", "-I", "-c", "import signal; signal.pause()")
    site.place.kubectl("-n", "default", *run, "--command", "--", *waiting)
    wait = ("wait", "--for=condition=Ready", f"pod/{name}", "--timeout=60s")
    site.place.kubectl("-n", "default", *wait)
    yield name
    site.place.kubectl("-n", "default", "delete", "pod", name, "--now")


def test_agent_and_proxy_answer_nobody_but_browsers(
    site: Site, cluster: Cluster, stranger: str
) -> None:
    """A pod elsewhere reaches the proxy's port for browsers, and neither health nor the agent, as the node does."""
    pods = json.loads(site.place.kubectl("-n", "berth", "get", "pods", "-o", "json"))["items"]
    address = {pod["metadata"]["name"].rsplit("-", 2)[0]: pod["status"]["podIP"] for pod in pods}
    agent, proxy = address["berth-agent"], address["berth-proxy"]
    there = json.dumps([(agent, 8080), (proxy, 8480), (proxy, 8443)])
    from_the_node = cluster.run([sys.executable, "-I", "-c", PROBE, there]).stdout
    assert json.loads(from_the_node) == ["open"] * 3

    inside = ("exec", stranger, "--", "python3", "-I", "-c", PROBE, there)
    tried = json.loads(site.place.kubectl("-n", "default", *inside))
    assert tried == ["TimeoutError", "TimeoutError", "open"]


def test_names_and_the_git_host_are_reachable(inside: Live, site: Site) -> None:
    """The resolver answers and the organisation's git host is open, at its port and no other."""
    git = site.names.git_port
    other = site.names.control_plane_port

    assert reached(inside, [(GIT, git), (GIT, other)]) == ["open", "TimeoutError"]
    assert "README.md" in inside.exec("ls", "/projects/hello")


def test_no_account_of_the_cluster_is_inside(inside: Live) -> None:
    """There is no service account token, and no variable that names the API server."""
    assert inside.exec("sh", "-c", "ls -d /var/run/secrets/* 2>/dev/null; true") == ""
    names = {line.partition("=")[0] for line in inside.exec("env").splitlines()}
    # The kubelet gives these to every container; the address leads nowhere from here.
    assert {
        name for name in names if "SERVICE" in name and not name.startswith("KUBERNETES_")
    } == set()
    assert inside.pod()["spec"]["automountServiceAccountToken"] is False


def test_processes_are_an_arbitrary_user_without_powers(inside: Live) -> None:
    """User from 10,000 on, group 0, no capability, and no way to gain any."""
    user = inside.pod()["spec"]["securityContext"]["runAsUser"]
    status = dict(
        line.split(":\t", 1) for line in inside.exec("cat", "/proc/self/status").splitlines()
    )

    assert user >= 10_000
    assert status["Uid"].split() == [str(user)] * 4
    assert status["Gid"].split() == ["0"] * 4
    assert {status[f"Cap{kind}"] for kind in ("Inh", "Prm", "Eff", "Bnd", "Amb")} == {"0" * 16}
    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"


def test_own_containers_cannot_write_their_root(inside: Live) -> None:
    """The containers that prepare a workspace have a read-only root; the tools are read-only to the user."""
    prepared = inside.pod()["spec"]["initContainers"]
    assert [each["name"] for each in prepared] == ["berth-tools", "berth-clone"]
    assert all(each["securityContext"]["readOnlyRootFilesystem"] for each in prepared)
    said = inside.exec("sh", "-c", "touch /.berth/planted 2>&1 || true")
    assert "Read-only file system" in said
