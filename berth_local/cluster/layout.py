"""Where a cluster keeps its files, and the addresses inside it.

Every cluster lives in a network namespace of its own, so all of them use the same addresses.
"""

import json
import os
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from pathlib import Path

NODE_NAME = "n1"
NODE_IP = "10.123.0.1"
POD_NETWORK = "10.244.0.0/16"
SERVICE_NETWORK = "10.0.0.0/16"
API_SERVICE_IP = "10.0.0.1"
CLUSTER_DOMAIN = "cluster.local"

MACHINE_NAME = "machine.berth.test"
"""Every cluster's DNS answers it with `NODE_IP`, where `Cluster.reverse` listens. Not under `localhost`: curl and git take
such names for the pod's own loopback."""

API_ADDRESS = "127.0.0.1:6443"
ETCD_ADDRESS = "127.0.0.1:2379"
DNS_READY_ADDRESS = "127.0.0.1:18181"

CONTAINERD_SOCKET = "/run/containerd/containerd.sock"
"""containerd's usual path: every cluster has a `/run` of its own, and socket paths must stay under 108 bytes."""

RUN_FOLDERS = Path("/var/lib/berth/clusters")
"""Machine-wide, as the cgroups that carry the same names are."""


class Tier(StrEnum):
    """How much of Kubernetes runs."""

    CONTROL = "control"
    """etcd, API server, and the controllers that namespaces, quota and garbage collection need."""
    KWOK = "kwok"
    """All controllers and the scheduler, over kwok's simulated nodes and pods."""
    FULL = "full"
    """A real node: kubelet, kube-proxy, containerd, DNS, enforced policy, dynamic volumes."""


def cache_folder() -> Path:
    """What is built once is kept here: `$BERTH_CACHE`, or `~/.cache/berth`."""
    return Path(os.environ.get("BERTH_CACHE") or Path.home() / ".cache" / "berth").absolute()


@dataclass(frozen=True, slots=True)
class RunFolder:
    """The files of one running cluster."""

    name: str
    parent: Path = RUN_FOLDERS

    @property
    def path(self) -> Path:
        """The folder itself; it exists while the cluster does."""
        return self.parent / self.name

    @property
    def pki(self) -> Path:
        """Certificates and keys."""
        return self.path / "pki"

    @property
    def volumes(self) -> Path:
        """Folders that back dynamic volumes."""
        return self.path / "volumes"

    @property
    def ready(self) -> Path:
        """Exists once everything is up."""
        return self.path / "ready"

    @property
    def failure(self) -> Path:
        """Holds the reason once the boot has failed."""
        return self.path / "failure"

    @property
    def steps(self) -> Path:
        """One line `seconds<TAB>step` for each finished step of the boot."""
        return self.path / "steps"

    @property
    def spec(self) -> Path:
        """The `Spec` that the cluster was started with, as JSON."""
        return self.path / "spec.json"

    def log(self, component: str) -> Path:
        """Everything that a component has printed."""
        return self.path / "logs" / f"{component}.log"

    def kubeconfig(self, user: str) -> Path:
        """`host` is the administrator from outside; all others work inside the cluster's namespaces."""
        return self.path / f"{user}.kubeconfig"


@dataclass(frozen=True, slots=True)
class Spec:
    """What a cluster is to be; travels as JSON from the starter into the namespaces."""

    name: str
    tier: Tier
    binaries: str
    images: tuple[str, ...] = ()
    """Docker archives that the node holds before its first pod."""
    hosts: dict[str, str] = field(default_factory=dict)
    """Names beyond the cluster that its DNS answers, with their IPv4 addresses."""
    tied: bool = True
    """Ends with the process that started it."""

    def to_json(self) -> str:
        """The form that `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Spec":
        """The value that `to_json` has written."""
        fields = json.loads(text)
        return cls(**{**fields, "tier": Tier(fields["tier"]), "images": tuple(fields["images"])})
