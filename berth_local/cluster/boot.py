"""Starts the programs of a node in order: `python -m berth_local.cluster.boot RUN_FOLDER`, inside the namespaces.

Each step waits for a condition, never for a time. After the last one it stays, as the programs' parent.
"""

import http.client
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from berth_local.cluster import binaries, cgroups, components, configuration, namespaces
from berth_local.cluster.apiserver import ApiServer
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import (
    DNS_READY_ADDRESS,
    ETCD_ADDRESS,
    MACHINE_NAME,
    NODE_IP,
    NODE_NAME,
    RunFolder,
    Spec,
    Tier,
)
from berth_local.cluster.nftables import TABLE
from berth_local.cluster.volumes import STORAGE_CLASS
from berth_local.cluster.waiting import last_lines, wait_until

KWOK_NODES = 10


class Boot:
    """One run of the steps. A step that fails raises `ClusterError` with the end of the log that explains it."""

    def __init__(self, folder: RunFolder, spec: Spec) -> None:
        self.folder = folder
        self.spec = spec
        self.binaries = Path(spec.binaries)
        self.programs: dict[str, subprocess.Popen[bytes]] = {}
        self._since = time.monotonic()

    def run(self) -> None:
        """All steps of the tier."""
        namespaces.prepare(self.folder)
        self._done("namespaces")
        full = self.spec.tier is Tier.FULL
        with ThreadPoolExecutor(1) as beside:
            containers = beside.submit(self._containers) if full else None
            self._control_plane()
            if containers:
                containers.result()
                self._done("images imported")
        if full:
            self._node()
            self._services_of_the_node()
        elif self.spec.tier is Tier.KWOK:
            self._simulated_nodes()
        self._default_service_account()

    def _control_plane(self) -> None:
        folder, tier = self.folder, self.spec.tier
        self._start("etcd", components.etcd(self.binaries, folder))
        self._wait("etcd", lambda: answers(ETCD_ADDRESS, "/health"), "etcd to be healthy")
        self._start("apiserver", components.apiserver(self.binaries, folder))
        api = ApiServer(folder.pki)
        self._wait("apiserver", lambda: api.answers("/readyz"), "the API server to be ready")
        self._done("etcd and API server")
        command = components.controller_manager(self.binaries, folder, tier)
        self._start("controller-manager", command)
        if tier is not Tier.CONTROL:
            self._start("scheduler", components.scheduler(self.binaries, folder))

    def _containers(self) -> None:
        write(self.folder, "containerd.toml", configuration.containerd(self.folder))
        write(self.folder, "cni/net.d/10-berth.conflist", configuration.pod_network())
        self._start("containerd", components.containerd(self.folder))
        self._wait("containerd", lambda: succeeds("ctr", "version"), "containerd to answer")
        for image in self.spec.images:
            done = subprocess.run(
                import_command(image), capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                raise ClusterError(f"containerd refused the image {image}: {done.stderr.strip()}")

    def _node(self) -> None:
        folder = self.folder
        cgroups.perform(cgroups.creation(self.spec.name))
        write(folder, "resolv.conf", f"nameserver {NODE_IP}\n")
        cgroup_root = f"/{cgroups.group_name(self.spec.name)}"
        write(folder, "kubelet.json", configuration.kubelet(folder, cgroup_root))
        write(folder, "proxy.json", configuration.proxy(folder))
        self._start("kubelet", components.kubelet(self.binaries, folder))
        self._start("proxy", components.proxy(self.binaries, folder))
        api = ApiServer(folder.pki)
        self._wait("kubelet", lambda: api.node_is_ready(NODE_NAME), "the node to be Ready")
        self._done("node Ready")

    def _services_of_the_node(self) -> None:
        folder = self.folder
        write(
            folder,
            "Corefile",
            configuration.corefile(folder, {MACHINE_NAME: NODE_IP, **self.spec.hosts}),
        )
        self._start("coredns", components.coredns(self.binaries, folder))
        self._start("policy", components.own("policy_engine", folder))
        self._start("provisioner", components.own("provisioner", folder))
        ApiServer(folder.pki).create("/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASS)
        self._wait("coredns", lambda: answers(DNS_READY_ADDRESS, "/ready"), "CoreDNS to be ready")
        self._wait(
            "policy",
            lambda: succeeds("nft", "list", "table", "inet", TABLE),
            "the policy engine's first table",
        )
        self._done("DNS, network policy, volumes")

    def _simulated_nodes(self) -> None:
        stages = binaries.stage_files(self.binaries)
        self._start("kwok", components.kwok(self.binaries, self.folder, stages))
        api = ApiServer(self.folder.pki)
        for number in range(KWOK_NODES):
            api.create("/api/v1/nodes", simulated_node(f"kwok-{number}"))
        self._wait("kwok", lambda: api.node_is_ready("kwok-0"), "kwok's first node to be Ready")
        self._done("simulated nodes Ready")

    def _default_service_account(self) -> None:
        # Without it the first pod of a hasty client would be refused.
        api, path = ApiServer(self.folder.pki), "/api/v1/namespaces/default/serviceaccounts/default"
        self._wait("controller-manager", lambda: api.answers(path), "the default ServiceAccount")
        self._done("controllers")

    def _start(self, name: str, command: list[str]) -> None:
        with self.folder.log(name).open("wb") as log:
            self.programs[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def _wait(self, name: str, condition: Callable[[], bool], what: str) -> None:
        """Wait for a condition that the named program brings about; fail at once when the program has ended."""
        log = self.folder.log(name)

        def holds() -> bool:
            if (code := self.programs[name].poll()) is not None:
                raise ClusterError(f"{name} ended with exit code {code}.{last_lines(log)}")
            return condition()

        wait_until(holds, what, log=log)

    def _done(self, step: str) -> None:
        now = time.monotonic()
        with self.folder.steps.open("a") as steps:
            steps.write(f"{now - self._since:.2f}\t{step}\n")
        self._since = now


def simulated_node(name: str) -> dict[str, Any]:
    """A node that kwok plays, with room for 500 pods."""
    room = {"cpu": "64", "memory": "512Gi", "pods": "500"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "annotations": {"kwok.x-k8s.io/node": "fake"},
            "labels": {"kubernetes.io/hostname": name, "type": "kwok"},
        },
        "status": {"allocatable": room, "capacity": room},
    }


def import_command(image: str) -> list[str]:
    """Make a docker archive known to the kubelet."""
    return ["ctr", "--namespace", "k8s.io", "images", "import", image]


def write(folder: RunFolder, name: str, text: str) -> None:
    """Write a configuration file of the run."""
    path = folder.path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def succeeds(*command: str) -> bool:
    """Whether the command's exit code is 0."""
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def answers(address: str, path: str) -> bool:
    """Whether a GET over plain HTTP gives 200."""
    connection = http.client.HTTPConnection(address, timeout=2)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def main() -> None:
    """Boot, then wait for ever; the end comes from the first process."""
    path = Path(sys.argv[1])
    folder = RunFolder(path.name, path.parent)
    boot = Boot(folder, Spec.from_json(folder.spec.read_text()))
    try:
        boot.run()
    except ClusterError as error:
        folder.failure.write_text(str(error))
        sys.exit(1)
    folder.ready.touch()
    for program in boot.programs.values():
        program.wait()


if __name__ == "__main__":
    main()
