"""What makes a bare set of namespaces a node: its mounts, its sysctls, its network."""

import subprocess
from pathlib import Path

from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import NODE_IP, RunFolder

PRIVATE_FOLDERS = {
    "kubelet": "/var/lib/kubelet",
    "cni": "/var/lib/cni",
    "pod-logs": "/var/log/pods",
    "container-logs": "/var/log/containers",
}
"""Folder of the run -> path that is compiled into a program."""

IN_MEMORY = {"containerd": "8g", "etcd": "2g"}
"""Folders of the run that live in memory, with their limits: faster, and gone with the namespace."""

MACHINE_SYSCTLS = (
    "vm/overcommit_memory",
    "vm/panic_on_oom",
    "kernel/panic",
    "kernel/panic_on_oops",
    "kernel/keys/root_maxkeys",
    "kernel/keys/root_maxbytes",
)
"""The kubelet sets these, and no namespace holds them: it gets files of its own to write to."""

BRIDGE_FILTER = Path("/proc/sys/net/bridge/bridge-nf-call-iptables")


def enter_command(init: int, command: list[str]) -> list[str]:
    """Run `command` inside the namespaces whose first process is `init`."""
    return ["nsenter", "--target", str(init), "--net", "--mount", "--pid", "--", *command]


def unshare_command(command: list[str]) -> list[str]:
    """Run `command` as the first process of new namespaces that end with it."""
    flags = [
        "--net",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--mount-proc",
        "--propagation",
        "private",
    ]
    return ["unshare", *flags, *command]


def prepare(folder: RunFolder) -> None:
    """Called once, inside, before any program starts."""
    _mount(folder)
    _shield_sysctls(folder)
    _network()


def _mount(folder: RunFolder) -> None:
    # The kubelet wants mounts to travel between a container and the node.
    _run("mount", "--make-rshared", "/")
    _run("mount", "-t", "tmpfs", "tmpfs", "/run")
    for source, target in PRIVATE_FOLDERS.items():
        (folder.path / source).mkdir()
        Path(target).mkdir(parents=True, exist_ok=True)
        _run("mount", "--bind", str(folder.path / source), target)
    for name, limit in IN_MEMORY.items():
        (folder.path / name).mkdir()
        _run(
            "mount", "-t", "tmpfs", "-o", f"size={limit},mode=711", "tmpfs", str(folder.path / name)
        )


def _shield_sysctls(folder: RunFolder) -> None:
    shadows = folder.path / "sysctl"
    shadows.mkdir()
    for name in MACHINE_SYSCTLS:
        shadow = shadows / name.replace("/", ".")
        shadow.write_text(Path("/proc/sys", name).read_text())
        _run("mount", "--bind", str(shadow), f"/proc/sys/{name}")


def _network() -> None:
    # No link leads to the machine, on purpose: what runs inside cannot reach a real network. The default route
    # leads nowhere, yet a client that finds none would not even try the address of a Service.
    _run("ip", "link", "set", "lo", "up")
    _run("ip", "link", "add", "node0", "type", "bridge")
    _run("ip", "address", "add", f"{NODE_IP}/24", "dev", "node0")
    _run("ip", "link", "set", "node0", "up")
    _run("ip", "route", "add", "default", "dev", "node0")
    Path("/proc/sys/net/ipv4/ip_forward").write_text("1")
    if not BRIDGE_FILTER.exists():
        raise ClusterError(
            "The kernel module br_netfilter is not loaded: network policy needs it (modprobe br_netfilter)."
        )
    BRIDGE_FILTER.write_text("1")


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise ClusterError(
            f"`{' '.join(command)}` failed inside the namespaces: {done.stderr.strip()}"
        )
