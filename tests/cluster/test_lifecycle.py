"""A real cluster's life: how it ends, what it refuses, and that nothing of it stays."""

import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest

from berth_local.cluster import processes
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import NODE_IP, RunFolder, Tier
from berth_local.cluster.leftovers import held_namespaces, leftovers, look_from_apart, machine
from berth_local.cluster.nftables import compile_table
from berth_local.cluster.teardown import down
from berth_local.cluster.waiting import wait_until
from tests.cluster.unit.test_policy import CASES, NAMESPACES, PODS, policy

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module", autouse=True)
def _apart() -> None:
    """Look from a mount namespace of our own: what others mount meanwhile is not ours."""
    look_from_apart()


STARTER = """
import sys
from berth_local.cluster.cluster import Cluster
cluster = Cluster(sys.argv[1], tier="full")
cluster.start()
cluster.forward(0, "10.123.0.1:53")
print("up", flush=True)
sys.stdin.read()
"""


UNPRIVILEGED = """
import os, sys
from berth_local.cluster.__main__ import main
os.seteuid(65534)
sys.exit(main(["up", "never"]))
"""


def test_other_users_are_told_to_be_root() -> None:
    """Without root there is one sentence and exit code 1, and nothing was started."""
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert (
        done.stderr
        == "cluster: The cluster needs root, for namespaces and containers: run it as root.\n"
    )
    assert not RunFolder("never").path.exists()


def test_cluster_ends_with_a_starter_that_is_killed() -> None:
    """SIGKILL of the starting process takes every process with it; `down` clears what no process can."""
    before = machine()
    name = f"killed-{os.getpid()}"
    with ExitStack() as held:
        command = [sys.executable, "-c", STARTER, name]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as starter:
            assert starter.stdout is not None
            assert starter.stdout.readline() == b"up\n"
            cluster = Cluster.running(name)
            inside = held.enter_context(held_namespaces(cluster.init))
            assert len(inside) == 3
            starter.send_signal(signal.SIGKILL)

        def processes_left() -> list[str]:
            return [
                text
                for text in leftovers(cluster.folder, before, inside)
                if text.startswith("process")
            ]

        wait_until(lambda: not processes_left(), "every process of the cluster to end", deadline=10)
        down(name)
        assert leftovers(cluster.folder, before, inside) == []


def test_new_cluster_takes_the_place_of_a_dead_one() -> None:
    """A cluster whose first process was killed is no obstacle for the next of its name."""
    name = f"again-{os.getpid()}"
    first = Cluster(name, tier=Tier.FULL)
    first.start(tied=False)
    processes.kill(first.init)

    with Cluster(name, tier=Tier.FULL) as second:
        assert second.kubectl("get", "nodes", "--output=name").stdout == "node/n1\n"

    first.stop()
    assert not second.folder.path.exists()


def test_image_that_cannot_be_read_stops_the_start(tmp_path: Path) -> None:
    """The error names the image, and the half-started cluster is gone."""
    before = machine()
    (tmp_path / "bad.tar").write_text("this is no archive")
    cluster = Cluster(f"bad-image-{os.getpid()}", images=[tmp_path / "bad.tar"])

    with (
        pytest.raises(
            ClusterError, match=r"did not start\. containerd refused the image .*bad\.tar"
        ),
        cluster,
    ):
        pytest.fail("the cluster started")

    assert leftovers(cluster.folder, before, frozenset()) == []


def test_what_stays_is_seen(control_cluster: Cluster) -> None:
    """A running cluster is all leftovers: the check that finds nothing after an end is not blind."""
    with held_namespaces(control_cluster.init) as inside:
        found = leftovers(control_cluster.folder, machine(), inside)

    assert f"{control_cluster.folder.path} exists" in found
    assert any("lives in the cluster's namespaces" in text for text in found)
    assert any("serves the cluster" in text for text in found)


def test_port_that_is_taken_is_named(control_cluster: Cluster) -> None:
    """A forward that cannot listen says where."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(
            ClusterError, match=f"Nothing could listen on 127.0.0.1:{port} for cluster"
        ):
            control_cluster.forward(port, "127.0.0.1:6443")


def test_passages_carry_both_directions_to_their_ends(control_cluster: Cluster) -> None:
    """Ten megabytes go in and out again whole, and the end of one direction does not cut the other."""
    content = os.urandom(10 << 20)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        inside = control_cluster.reverse(f"{NODE_IP}:0", f"127.0.0.1:{listener.getsockname()[1]}")
        port = control_cluster.forward(0, f"{NODE_IP}:{inside}")
        with (
            socket.create_connection(("127.0.0.1", port), timeout=20) as client,
            ThreadPoolExecutor(1) as beside,
        ):
            server, _address = listener.accept()
            with server:
                arrived = beside.submit(_read_all, server)
                client.sendall(content)
                client.shutdown(socket.SHUT_WR)
                whole = arrived.result(timeout=20)
                returned = beside.submit(_read_all, client)
                server.sendall(whole[::-1])
                server.shutdown(socket.SHUT_WR)
                answered = returned.result(timeout=20)

    assert answered == content[::-1]


def test_network_reaches_no_further_than_the_node(control_cluster: Cluster) -> None:
    """Inside there is no link but the node's own, so nothing can leave the machine."""
    links = control_cluster.run(["ip", "-brief", "link"]).stdout.splitlines()

    assert {link.split()[0] for link in links} == {"lo", "node0"}


def test_control_tier_deletes_namespaces_and_leaves_deployments_alone(
    control_cluster: Cluster,
) -> None:
    """Namespaces go for good; a Deployment's status stays as a test writes it."""
    control_cluster.kubectl("create", "namespace", "passing")
    control_cluster.kubectl(
        "--namespace=passing", "create", "deployment", "idle", "--image=localhost/busybox:1"
    )
    status = control_cluster.kubectl(
        "--namespace=passing", "get", "deployment/idle", "--output=jsonpath={.status}"
    ).stdout

    control_cluster.kubectl("delete", "namespace", "passing", "--timeout=60s")

    assert status == "{}"
    gone = control_cluster.kubectl("get", "namespace", "passing", check=False)
    assert "NotFound" in gone.stderr


def test_kwok_tier_runs_deployments(kwok_cluster: Cluster) -> None:
    """Simulated nodes take a Deployment's pods and report them ready."""
    kwok_cluster.kubectl("create", "deployment", "many", "--image=any", "--replicas=50")

    kwok_cluster.kubectl("wait", "--for=condition=Available", "deployment/many", "--timeout=60s")

    nodes = kwok_cluster.kubectl(
        "get", "pods", "--output=jsonpath={.items[*].spec.nodeName}"
    ).stdout.split()
    assert len(nodes) == 50
    assert all(node.startswith("kwok-") for node in nodes)


@pytest.mark.parametrize("specs", [specs for specs, _ in CASES.values()], ids=CASES)
def test_kernel_takes_every_table(full_cluster: Cluster, specs: str) -> None:
    """What is compiled from each case of the specification loads, as a dry run beside the real rules."""
    table = compile_table([policy(spec) for spec in specs.splitlines()], PODS, NAMESPACES)

    checked = full_cluster.run(["nft", "--check", "--file", "-"], text_input=table, check=False)

    assert checked.stderr == ""
    assert checked.returncode == 0


def test_failures_have_kubernetes_own_reasons(full_cluster: Cluster) -> None:
    """An image that is nowhere is reported at once, without waiting for a registry."""
    full_cluster.kubectl("create", "namespace", "reasons")
    full_cluster.kubectl("--namespace=reasons", "run", "nowhere", "--image=localhost/absent:1")
    reason = "{.status.containerStatuses[0].state.waiting.reason}"

    def seen() -> str:
        return full_cluster.kubectl(
            "--namespace=reasons", "get", "pod/nowhere", f"--output=jsonpath={reason}"
        ).stdout

    wait_until(lambda: seen() in {"ErrImagePull", "ImagePullBackOff"}, "the reason", deadline=10)
    full_cluster.kubectl("delete", "namespace", "reasons", "--wait=false")


def _read_all(connection: socket.socket) -> bytes:
    """Everything until the other side ends its direction."""
    with connection.makefile("rb") as stream:
        return stream.read()
