"""The configuration files of the node's programs, as text.

JSON is written wherever a program reads YAML: the one is part of the other.
"""

import json
from collections.abc import Mapping
from typing import Any

from berth_local.cluster.images import PAUSE
from berth_local.cluster.layout import (
    CLUSTER_DOMAIN,
    CONTAINERD_SOCKET,
    DNS_READY_ADDRESS,
    NODE_IP,
    NODE_NAME,
    POD_NETWORK,
    RunFolder,
)


def containerd(folder: RunFolder) -> str:
    """The configuration of containerd 1.6, version 2.

    `oom_score` and `restrict_oom_score_adj` spare a container host without CAP_SYS_RESOURCE a refused write.
    """
    snapshotters = json.dumps(
        [f"io.containerd.snapshotter.v1.{name}" for name in ("btrfs", "zfs", "aufs", "devmapper")]
    )
    return f"""\
version = 2
root = "{folder.path}/containerd"
state = "/run/containerd"
oom_score = 0
disabled_plugins = {snapshotters}
[grpc]
  address = "{CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  enable_unprivileged_ports = true
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "{folder.path}/cni/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd]
  default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
"""


def pod_network() -> str:
    """The CNI network: one bridge on which a pod also reaches itself through a Service (hairpin)."""
    addresses = {
        "type": "host-local",
        "ranges": [[{"subnet": POD_NETWORK}]],
        "routes": [{"dst": "0.0.0.0/0"}],
        "dataDir": "/var/lib/cni/networks",
    }
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": True,
        "hairpinMode": True,
    }
    plugins: list[Mapping[str, Any]] = [
        {**bridge, "ipam": addresses},
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ]
    return json.dumps({"cniVersion": "1.0.0", "name": "berth", "plugins": plugins}, indent=1)


def kubelet(folder: RunFolder, cgroup_root: str) -> str:
    """KubeletConfiguration v1beta1."""
    authentication = {
        "anonymous": {"enabled": False},
        "webhook": {"enabled": True},
        "x509": {"clientCAFile": f"{folder.pki}/ca.crt"},
    }
    document = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": NODE_IP,
        "containerRuntimeEndpoint": f"unix://{CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": cgroup_root,
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "enforceNodeAllocatable": [],
        "evictionHard": {
            "memory.available": "100Mi",
            "nodefs.available": "1%",
            "imagefs.available": "1%",
            "nodefs.inodesFree": "1%",
        },
        # No registry is reached: an image that is collected would be gone for good.
        "imageGCHighThresholdPercent": 100,
        "imageGCLowThresholdPercent": 99,
        "resolvConf": f"{folder.path}/resolv.conf",
        "clusterDNS": [NODE_IP],
        "clusterDomain": CLUSTER_DOMAIN,
        "tlsCertFile": f"{folder.pki}/kubelet.crt",
        "tlsPrivateKeyFile": f"{folder.pki}/kubelet.key",
        "authentication": authentication,
        "authorization": {"mode": "Webhook"},
        "nodeStatusUpdateFrequency": "4s",
        "syncFrequency": "10s",
        "maxPods": 250,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "serializeImagePulls": False,
    }
    return json.dumps(document, indent=1)


def proxy(folder: RunFolder) -> str:
    """KubeProxyConfiguration v1alpha1. The conntrack limits belong to the machine and are left alone."""
    document = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "nftables",
        "clusterCIDR": POD_NETWORK,
        "hostnameOverride": NODE_NAME,
        "oomScoreAdj": 0,
        "metricsBindAddress": "127.0.0.1:10249",
        "healthzBindAddress": "127.0.0.1:10256",
        "clientConnection": {"kubeconfig": str(folder.kubeconfig("proxy"))},
        "conntrack": {
            "maxPerCore": 0,
            "min": 0,
            "tcpEstablishedTimeout": "0s",
            "tcpCloseWaitTimeout": "0s",
        },
        "nftables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
    }
    return json.dumps(document, indent=1)


def corefile(folder: RunFolder, hosts: Mapping[str, str]) -> str:
    """CoreDNS: the cluster's own names, and `hosts` (name -> IPv4 address) for what lies outside."""
    entries = "".join(f"        {address} {name}\n" for name, address in sorted(hosts.items()))
    return f"""\
.:53 {{
    bind {NODE_IP}
    errors
    ready {DNS_READY_ADDRESS}
    hosts {{
{entries}        ttl 5
        fallthrough
    }}
    kubernetes {CLUSTER_DOMAIN} in-addr.arpa ip6.arpa {{
        kubeconfig {folder.kubeconfig("admin")}
        pods insecure
        ttl 5
    }}
    cache 5
}}
"""
