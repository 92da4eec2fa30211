"""The whole agent as a process: real API server, its own ServiceAccount, a small control plane."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth_local.loopback import free_port
from chalicelib.wire.labels import namespace_of
from chalicelib.wire.reconcile import TerminateOrder
from tests.agent.conftest import NAMESPACE, Installed, Waits
from tests.agent.control_plane import ControlPlane
from tests.agent.orders import Workspace

pytestmark = pytest.mark.cluster

ROOT = Path(__file__).parents[2]
TOKEN = "berth_agt_0123456789ab_0123456789ab_c2VjcmV0_c2VjcmV0"


@pytest.fixture
def control_plane() -> Iterator[ControlPlane]:
    """A control plane that wants nothing yet."""
    made = ControlPlane()
    yield made
    made.close()


class Agent:
    """The agent's process."""

    def __init__(self, installed: Installed, control_plane: ControlPlane, folder: Path) -> None:
        self.health = f"127.0.0.1:{free_port()}"
        token = folder / "token"
        token.write_text(TOKEN + "\n")
        self.log = folder / "agent.log"
        self._environment = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "HOME": str(folder),
            "HOSTNAME": "agent",
            "BERTH_POD_UID": "c0ffee",
            "KUBECONFIG": str(installed.kubeconfig),
            "BERTH_CONTROL_PLANE_URL": control_plane.address,
            "BERTH_AGENT_TOKEN_FILE": str(token),
            "BERTH_NAMESPACE": NAMESPACE,
            "BERTH_HEALTH_ADDRESS": self.health,
        }
        self.process = self.start()

    def start(self) -> subprocess.Popen[bytes]:
        """Start it (again)."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "berth_agent"],
                env=self._environment,
                stderr=log,
                cwd=self.log.parent,
            )
        return self.process

    def kill(self) -> None:
        """As by the kernel."""
        self.process.kill()
        self.process.wait()

    def probe(self, path: str, host: str = "") -> int:
        """Status of a health question."""
        request = urllib.request.Request(f"http://{self.health}{path}")
        if host:
            request.add_header("Host", host)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return error.code
        except OSError:
            return 0


@pytest.fixture
def agent(installed: Installed, control_plane: ControlPlane, tmp_path: Path) -> Iterator[Agent]:
    """A running agent."""
    installed.cluster.kubectl(
        "delete", "lease", "berth-agent", "-n", NAMESPACE, "--ignore-not-found"
    )
    made = Agent(installed, control_plane, tmp_path)
    yield made
    if made.process.poll() is None:
        made.kill()


def holder(installed: Installed) -> str:
    """Who holds the Lease."""
    found = installed.cluster.kubectl("get", "lease", "berth-agent", "-n", NAMESPACE, "-o", "json")
    return str(json.loads(found.stdout)["spec"].get("holderIdentity", ""))


def version(installed: Installed, workspace: Workspace) -> str:
    """Resource versions of everything that the agent writes in the workspace's namespace."""
    return installed.cluster.kubectl(
        "get",
        "configmap,secret,service,networkpolicy,deployment",
        "-n",
        namespace_of(workspace.id),
        "-o",
        "jsonpath={.items[*].metadata.resourceVersion}",
    ).stdout


def test_a_workspace_lives_and_ends(
    installed: Installed,
    control_plane: ControlPlane,
    agent: Agent,
    workspace: Workspace,
    eventually: Waits,
) -> None:
    """Applied, reported with its trouble, left alone; after kill -9 the next order is applied; ended."""
    control_plane.wanted[workspace.id] = workspace.order(1)

    def is_told(generation: int) -> bool:
        """Nothing provides volumes on these simulated nodes, and that is what the report says."""
        report = control_plane.reports.get(workspace.id)
        told = {trouble.reason for trouble in report.troubles} if report else set()
        return bool(report and report.generation == generation and "Unschedulable" in told)

    eventually(lambda: is_told(1), f"generation 1; {agent.log.read_text()[-3000:]}")
    with control_plane.lock:
        paths = [path.rpartition("/")[2] for path, _ in control_plane.requests]
        first = control_plane.requests[1][1]
    assert paths[0] == "prerequisites"
    assert first["update_type"] == "full"
    assert control_plane.authorizations == {f"Bearer {TOKEN}"}

    before, asked = version(installed, workspace), len(control_plane.requests)
    eventually(lambda: len(control_plane.requests) >= asked + 20, "twenty idle cycles")
    assert version(installed, workspace) == before
    assert agent.probe("/healthz") == agent.probe("/readyz") == 200
    assert agent.probe("/healthz", host="evil.example") == 404

    agent.kill()
    control_plane.wanted[workspace.id] = workspace.order(2, secrets=False)
    agent.start()
    eventually(lambda: is_told(2), "generation 2 after kill -9")

    control_plane.wanted[workspace.id] = TerminateOrder(workspace_id=workspace.id, generation=3)
    eventually(lambda: control_plane.reports[workspace.id].tombstone == 3, "the tombstone")
    agent.kill()
    control_plane.wanted.clear()  # nobody sends the order again
    agent.start()
    eventually(
        lambda: control_plane.reports[workspace.id].namespace == "Absent", "the end after kill -9"
    )
    tombstone = f"berth-tombstone-{workspace.id}"
    eventually(
        lambda: (
            installed.cluster.kubectl(
                "get", "configmap", tombstone, "-n", NAMESPACE, check=False
            ).returncode
            != 0
        ),
        "collection",
    )

    agent.process.send_signal(signal.SIGTERM)
    assert agent.process.wait(10) == 0
    assert holder(installed) == ""
    assert TOKEN not in agent.log.read_text()


def test_wrong_settings_are_named(tmp_path: Path) -> None:
    """Without its settings it says which one is missing and exits with 2."""
    done = subprocess.run(
        [sys.executable, "-m", "berth_agent"],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "BERTH_AGENT_TOKEN_FILE is not set" in done.stderr
