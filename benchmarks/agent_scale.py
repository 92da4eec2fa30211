"""How much memory the agent takes, and how soon it knows everything, at many Deployments.

    python -m benchmarks.agent_scale [--workspaces 1000] [--cluster NAME]

Makes that many workspaces (namespace and Deployment) in a real API server of the control tier, starts
the real agent against it and a control plane that wants nothing, and prints one JSON object:

``synced_seconds`` from the process's first log line to the arrival of the last page of its first
full; ``resident_mib`` of the process after 20 idle polls; ``writes``: Deployments and namespaces that
changed in that time. On this tier no pods exist. Exit code 1 when a budget is missed.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml

from berth_kube.client import Client
from berth_kube.connection import connect
from berth_kube.errors import Conflict
from berth_local.cluster.cluster import Cluster
from chalicelib.wire import labels
from tests.agent.control_plane import ControlPlane
from tests.agent.orders import AGENT, Workspace

RESIDENT_MIB = 90.0
SYNCED_SECONDS = 2.0
HEALTH = "127.0.0.1:18080"
ROOT = Path(__file__).parents[1]
TOKEN = "berth_agt_0123456789ab_0123456789ab_c2VjcmV0"  # noqa: S105 - made up; the stand-in takes any


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workspaces", type=int, default=1000)
    parser.add_argument("--cluster", default="", help="a running cluster to use")
    chosen = parser.parse_args()
    if chosen.cluster:
        return report(measure(Cluster.running(chosen.cluster), chosen.workspaces))
    with Cluster("agent-scale", tier="control") as cluster:
        return report(measure(cluster, chosen.workspaces))


def report(figures: dict[str, Any]) -> int:
    """Print the figures; the exit code."""
    print(json.dumps(figures))
    within = (
        figures["resident_mib"] <= RESIDENT_MIB
        and figures["synced_seconds"] <= SYNCED_SECONDS
        and figures["writes"] == 0
    )
    return 0 if within else 1


def measure(cluster: Cluster, count: int) -> dict[str, Any]:
    """Fill the cluster, run the agent, and look at it."""
    install(cluster)
    fill(cluster, count)
    control_plane = ControlPlane()
    with tempfile.TemporaryDirectory() as folder:
        process, log = start(cluster, control_plane, Path(folder))
        try:
            wait(lambda: told(control_plane) >= count, process, log)
            figures = {"workspaces": count, "synced_seconds": synced(log, control_plane)}
            before = versions(cluster)
            asked = len(control_plane.requests)
            wait(lambda: len(control_plane.requests) >= asked + 20, process, log)
            figures["writes"] = len(set(versions(cluster)) ^ set(before))
            figures["resident_mib"] = resident(process.pid)
        finally:
            process.kill()
            process.wait()
            control_plane.close()
    return figures


def install(cluster: Cluster) -> None:
    """The agent's rights, without its Deployment."""
    text = (ROOT / "infra" / "kubernetes" / "agent.yaml").read_text()
    text = text.replace("@AGENT_TOKEN@", base64.b64encode(b"none").decode()).replace("@CA_PEM@", "")
    parts = [part for part in yaml.safe_load_all(text) if part["kind"] != "Deployment"]
    cluster.kubectl("apply", "-f", "-", text_input=yaml.safe_dump_all(parts))


def fill(cluster: Cluster, count: int, *, runnable: bool = False) -> None:
    """Namespaces and Deployments as the real target renders them.

    ``runnable``: their pods need nothing else: no volume, no account, no room.
    """
    client = Client(connect(str(cluster.kubeconfig)), manager=labels.FIELD_MANAGER)

    def make(number: int) -> None:
        order = Workspace(f"ws-{number:012d}").order(1)
        namespace, deployment = order.objects[0], order.objects[-1]
        if runnable:
            pod = deployment["spec"]["template"]["spec"]
            del pod["serviceAccountName"]
            pod["volumes"][0] = {"name": "data", "emptyDir": {}}
            for container in (*pod["containers"], *pod["initContainers"]):
                del container["resources"]
        for thing in (namespace, deployment):
            try:
                client.create(thing)
            except Conflict:
                continue

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(make, range(count)))


def start(
    cluster: Cluster, control_plane: ControlPlane, folder: Path
) -> tuple[subprocess.Popen[bytes], Path]:
    """The agent's process under its own ServiceAccount."""
    return launch(prepare(cluster, control_plane, folder), folder)


def prepare(
    cluster: Cluster, control_plane: ControlPlane, folder: Path, *, port: int = 0
) -> dict[str, str]:
    """The agent's environment; ``port``: of the loopback, where it finds the API server instead."""
    token = cluster.kubectl("create", "token", "berth-agent", "-n", "berth").stdout.strip()
    config = yaml.safe_load(cluster.kubeconfig.read_text())
    config["users"] = [{"name": "agent", "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = "agent"
    if port:
        config["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{port}"
    (folder / "kubeconfig").write_text(yaml.safe_dump(config))
    (folder / "token").write_text(TOKEN)
    cluster.kubectl("delete", "lease", "berth-agent", "-n", "berth", "--ignore-not-found")
    return {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "KUBECONFIG": str(folder / "kubeconfig"),
        "BERTH_CONTROL_PLANE_URL": control_plane.address,
        "BERTH_AGENT_TOKEN_FILE": str(folder / "token"),
        "BERTH_NAMESPACE": "berth",
        "BERTH_HEALTH_ADDRESS": HEALTH,
    }


def launch(environment: dict[str, str], folder: Path) -> tuple[subprocess.Popen[bytes], Path]:
    """The agent's process and its log, which begins anew."""
    log = folder / "log"
    with log.open("wb") as stream:
        command = [sys.executable, "-m", "berth_agent"]
        return subprocess.Popen(command, env=environment, stderr=stream), log


def wait(
    predicate: Callable[[], bool],
    process: subprocess.Popen[bytes],
    log: Path,
    *,
    each: float = 0.01,
) -> None:
    """Until it is true, at most a minute, looking ``each`` so many seconds."""
    pause, end = threading.Event(), time.monotonic() + 60
    while not predicate():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"the agent did not get there:\n{log.read_text()[-3000:]}")
        pause.wait(each)


def told(control_plane: ControlPlane) -> int:
    """Workspaces that were reported."""
    with control_plane.lock:
        return len(control_plane.reports)


def synced(log: Path, control_plane: ControlPlane) -> float:
    """Seconds from the first log line to the arrival of the last page of the full."""
    return since_start(log, control_plane.full_at)


def since_start(log: Path, moment: float) -> float:
    """Seconds from the first log line to a moment."""
    first = json.loads(log.read_text().splitlines()[0])["time"]
    return round(moment - datetime.fromisoformat(first).timestamp(), 2)


def versions(cluster: Cluster) -> list[str]:
    """Versions of all Deployments and namespaces; on this tier nobody but the agent writes them."""
    found = cluster.kubectl(
        "get",
        "deployments,namespaces",
        "-A",
        "-l",
        f"{labels.AGENT_ID}={AGENT}",
        "-o",
        "jsonpath={range .items[*]}{.metadata.uid}/{.metadata.resourceVersion} {end}",
        timeout=120,
    )
    return found.stdout.split()


def resident(pid: int) -> float:
    """Resident memory in MiB."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) / 1024, 1)
    return 0.0


if __name__ == "__main__":
    sys.exit(main())
