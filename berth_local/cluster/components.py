"""The command line of every program of a cluster."""

import sys
from collections.abc import Sequence
from pathlib import Path

from berth_local.cluster.layout import (
    CLUSTER_DOMAIN,
    ETCD_ADDRESS,
    NODE_IP,
    NODE_NAME,
    SERVICE_NETWORK,
    RunFolder,
    Tier,
)

CONTROL_CONTROLLERS = (
    "namespace-controller",
    "serviceaccount-controller",
    "root-ca-certificate-publisher-controller",
    "resourcequota-controller",
    "garbage-collector-controller",
)
"""All that tier `control` runs: enough to delete namespaces, nothing that writes a status of its own."""


def etcd(binaries: Path, folder: RunFolder) -> list[str]:
    """Without fsync: its data live in memory and die with the cluster."""
    return [
        f"{binaries}/etcd",
        f"--data-dir={folder.path}/etcd",
        f"--listen-client-urls=http://{ETCD_ADDRESS}",
        f"--advertise-client-urls=http://{ETCD_ADDRESS}",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync=true",
        f"--quota-backend-bytes={8 << 30}",
    ]


def apiserver(binaries: Path, folder: RunFolder) -> list[str]:
    """RBAC and node authorization on; ends at once when it is asked to."""
    pki = folder.pki
    return [
        f"{binaries}/kube-apiserver",
        f"--etcd-servers=http://{ETCD_ADDRESS}",
        "--bind-address=0.0.0.0",
        f"--advertise-address={NODE_IP}",
        "--secure-port=6443",
        f"--tls-cert-file={pki}/apiserver.crt",
        f"--tls-private-key-file={pki}/apiserver.key",
        f"--client-ca-file={pki}/ca.crt",
        f"--kubelet-client-certificate={pki}/apiserver-kubelet.crt",
        f"--kubelet-client-key={pki}/apiserver-kubelet.key",
        f"--kubelet-certificate-authority={pki}/ca.crt",
        "--kubelet-preferred-address-types=InternalIP",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        f"--service-account-issuer=https://kubernetes.default.svc.{CLUSTER_DOMAIN}",
        f"--service-account-key-file={pki}/service-accounts.pub",
        f"--service-account-signing-key-file={pki}/service-accounts.key",
        f"--service-cluster-ip-range={SERVICE_NETWORK}",
        "--allow-privileged=true",
        "--shutdown-delay-duration=0",
    ]


def controller_manager(binaries: Path, folder: RunFolder, tier: Tier) -> list[str]:
    """Generous rates: tests start a thousand Deployments at once."""
    chosen = [f"--controllers={','.join(CONTROL_CONTROLLERS)}"] if tier is Tier.CONTROL else []
    return [
        f"{binaries}/kube-controller-manager",
        *_delegating(folder.kubeconfig("controller-manager")),
        *chosen,
        "--use-service-account-credentials=true",
        f"--service-account-private-key-file={folder.pki}/service-accounts.key",
        f"--root-ca-file={folder.pki}/ca.crt",
        f"--cluster-signing-cert-file={folder.pki}/ca.crt",
        f"--cluster-signing-key-file={folder.pki}/ca.key",
        "--allocate-node-cidrs=false",
        "--concurrent-deployment-syncs=20",
        "--concurrent-replicaset-syncs=20",
    ]


def scheduler(binaries: Path, folder: RunFolder) -> list[str]:
    """The default profile."""
    return [f"{binaries}/kube-scheduler", *_delegating(folder.kubeconfig("scheduler"))]


def kwok(binaries: Path, folder: RunFolder, stages: Sequence[Path]) -> list[str]:
    """Plays kubelet for every node, by the rules in `stages`."""
    return [
        f"{binaries}/kwok",
        f"--kubeconfig={folder.kubeconfig('admin')}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        "--server-address=127.0.0.1:10247",
        *(f"--config={stage}" for stage in stages),
    ]


def containerd(folder: RunFolder) -> list[str]:
    """Debian's containerd."""
    return ["containerd", "--config", f"{folder.path}/containerd.toml"]


def kubelet(binaries: Path, folder: RunFolder) -> list[str]:
    """The node agent."""
    return [
        f"{binaries}/kubelet",
        f"--config={folder.path}/kubelet.json",
        f"--kubeconfig={folder.kubeconfig('kubelet')}",
        "--root-dir=/var/lib/kubelet",
        f"--hostname-override={NODE_NAME}",
        f"--node-ip={NODE_IP}",
    ]


def proxy(binaries: Path, folder: RunFolder) -> list[str]:
    """Routes the addresses of Services by nftables."""
    return [f"{binaries}/kube-proxy", f"--config={folder.path}/proxy.json"]


def coredns(binaries: Path, folder: RunFolder) -> list[str]:
    """As a process on the node's address: no image, no Deployment."""
    return [f"{binaries}/coredns", "-conf", f"{folder.path}/Corefile"]


def own(module: str, folder: RunFolder) -> list[str]:
    """A program of this package."""
    return [sys.executable, "-m", f"berth_local.cluster.{module}", str(folder.path)]


def _delegating(kubeconfig: Path) -> list[str]:
    flags = [
        f"--{purpose}kubeconfig={kubeconfig}"
        for purpose in ("", "authentication-", "authorization-")
    ]
    rates = ["--kube-api-qps=2000", "--kube-api-burst=4000"]
    return [*flags, "--bind-address=127.0.0.1", "--leader-elect=false", *rates]
