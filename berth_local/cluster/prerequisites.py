"""What the machine must have: root, and a few Debian packages."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from berth_local.cluster.errors import ClusterError

PROOFS: Mapping[str, str] = {
    "ca-certificates": "/etc/ssl/certs/ca-certificates.crt",
    "conntrack": "conntrack",
    "containerd": "containerd",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "iproute2": "ip",
    "iptables": "iptables",
    "mmdebstrap": "mmdebstrap",
    "nftables": "nft",
    "runc": "runc",
    "busybox-static": "busybox",
    "util-linux": "unshare",
}
"""Debian package -> a command or an absolute path that it brings."""


def missing_packages(proofs: Mapping[str, str] = PROOFS) -> list[str]:
    """The packages whose proof is not on this machine."""
    return [
        package
        for package, proof in proofs.items()
        if not (Path(proof).exists() if proof.startswith("/") else shutil.which(proof))
    ]


def ensure(
    report: Callable[[str], None] = lambda _line: None, proofs: Mapping[str, str] = PROOFS
) -> None:
    """Install what is missing.

    :raises ClusterError: not root, or apt could not install a package.
    """
    if os.geteuid() != 0:
        raise ClusterError("The cluster needs root, for namespaces and containers: run it as root.")
    packages = missing_packages(proofs)
    if not packages:
        return
    report(f"installing {', '.join(packages)} (about 15 s, once)")
    if _install(packages) and not missing_packages(proofs):
        return
    subprocess.run(["apt-get", "update", "-qq"], check=False, capture_output=True)
    if not _install(packages) or (packages := missing_packages(proofs)):
        raise ClusterError(
            f"Debian packages are needed that apt could not install: try `apt-get install {' '.join(packages)}`."
        )


def _install(packages: list[str]) -> bool:
    if shutil.which("apt-get") is None:
        return False
    command = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *packages]
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    return (
        subprocess.run(command, env=environment, check=False, capture_output=True).returncode == 0
    )
