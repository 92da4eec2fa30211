"""Faults that tests plant: processes that are killed, wherever in the machine they run."""

import json
import os
import signal
import subprocess
from pathlib import Path

from berth_kube.connection import Connection
from berth_kube.kinds import LEASE
from berth_kube.transport import Request
from berth_local.cluster import components, processes
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.layout import Spec
from berth_local.cluster.processes import PROC, all_pids, arguments
from berth_local.site.site import Site
from tests.site.waiting import first

AGENT_SECONDS = 120
"""For a new agent's pod to be ready: the kubelet waits 10 s and more before it starts a container again."""


class Agents:
    """The agent's Deployment in the site's cluster."""

    def __init__(self, site: Site, cluster: Cluster, connection: Connection) -> None:
        self._url = f"BERTH_CONTROL_PLANE_URL={site.names.control_plane}".encode()
        self._cluster = cluster
        self._connection = connection

    def processes(self) -> list[int]:
        """Numbers of the agents' processes, out here."""
        return [pid for pid in all_pids() if "berth_agent" in arguments(pid) and self._is_ours(pid)]

    def pods(self) -> list[str]:
        """Names of the pods that are ready."""
        listed = self._kubectl(
            "get", "pods", "-l", "app.kubernetes.io/name=berth-agent", "-o", "json"
        )
        return [
            pod["metadata"]["name"]
            for pod in json.loads(listed)["items"]
            if "deletionTimestamp" not in pod["metadata"]
            and all(status["ready"] for status in pod["status"].get("containerStatuses", []))
        ]

    def scale(self, replicas: int) -> None:
        """Run so many, and wait until it is so."""
        self._kubectl("scale", "deployment/berth-agent", f"--replicas={replicas}")
        first(
            lambda: len(self.pods()) == len(self.processes()) == replicas,
            f"{replicas} agents",
            seconds=AGENT_SECONDS,
        )

    def leader(self) -> str:
        """Name of the leading pod; empty when nobody leads."""
        path = LEASE.path("berth", "berth-agent")
        answer = self._connection.send(Request("GET", path))
        holder = str(json.loads(answer.body)["spec"].get("holderIdentity") or "")
        return next((pod for pod in self.pods() if holder.startswith(pod)), "")

    def await_leader(self, *, other_than: str = "") -> str:
        """Return the leading pod as soon as there is one."""

        def leads() -> str | None:
            found = self.leader()
            return found if found and found != other_than else None

        return first(leads, "a leader", seconds=AGENT_SECONDS)

    def delete(self, pod: str, *, force: bool = False) -> None:
        """Delete a pod; by force it has no time to say goodbye."""
        self._kubectl("delete", "pod", pod, *(("--force", "--grace-period=0") if force else ()))

    def log(self, pod: str) -> str:
        """What a pod said so far."""
        return self._kubectl("logs", pod)

    def _kubectl(self, *words: str) -> str:
        return self._cluster.kubectl("--namespace", "berth", *words).stdout

    def _is_ours(self, pid: int) -> bool:
        """Whether the process speaks to this site's control plane: other clusters have agents too."""
        try:
            return self._url in (PROC / str(pid) / "environ").read_bytes().split(b"\0")
        except OSError:
            return False


class Program:
    """A program of a cluster's control plane, known by its command line: ``etcd`` or ``apiserver``."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        folder = cluster.folder
        binaries = Path(Spec.from_json(folder.spec.read_text()).binaries)
        command = {"etcd": components.etcd, "apiserver": components.apiserver}[name]
        self._cluster, self._command = cluster, command(binaries, folder)
        self._log = str(folder.log(name))

    def kill(self) -> None:
        """SIGKILL, and wait for the end."""
        (found,) = (pid for pid in all_pids() if arguments(pid) == self._command)
        processes.kill(found)

    def start(self) -> None:
        """Start it again, and do not wait for it."""
        # A child of the cluster's first process, which ends it with all others.
        detached = ["sh", "-c", 'log=$1; shift; setsid "$@" >>"$log" 2>&1 &', "sh"]
        self._cluster.run([*detached, self._log, *self._command])


def kill_api_server(cluster: Cluster) -> None:
    """Kill the API server, start it again by the cluster's own command line, wait until it is ready."""
    server = Program(cluster, "apiserver")
    server.kill()
    server.start()
    first(lambda: is_ready(cluster), "the API server", seconds=60)


def is_ready(cluster: Cluster) -> bool:
    """Whether the API server says that it is."""
    try:
        done = cluster.kubectl("get", "--raw", "/readyz", check=False, timeout=10)
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def kill(pid: int) -> None:
    """SIGKILL."""
    os.kill(pid, signal.SIGKILL)
