"""Names and ports of a site. Our own are under ``localhost``, so they are this machine (RFC 6761, 6.3)."""

import ipaddress
import socket
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from berth_local.loopback import free_port, is_free

CONTROL_PLANE, ISSUER, GIT, ZONE = (
    "berth.localhost",
    "id.berth.localhost",
    "git.berth.localhost",
    "workspaces.localhost",
)
NODE = "10.123.0.1"
"""Address of our cluster's node: what pods reach this machine's servers by."""


@dataclass(frozen=True, slots=True)
class Names:
    """Four ports of the loopback address, and the addresses that follow from them."""

    control_plane_port: int
    issuer_port: int
    git_port: int
    proxy_port: int
    public_url: str = ""
    """The control plane's address where the cluster is not ours; its pods reach this machine by that name."""

    @property
    def address(self) -> str:
        """Address that servers for pods listen on; passages lead a cluster of ours to the loopback."""
        return "0.0.0.0" if self.public_url else "127.0.0.1"  # noqa: S104 - pods come from elsewhere

    @property
    def control_plane(self) -> str:
        """Address of the control plane."""
        return self.public_url or f"https://{CONTROL_PLANE}:{self.control_plane_port}"

    @property
    def issuer(self) -> str:
        """Address of the OpenID issuer."""
        return f"https://{ISSUER}:{self.issuer_port}"

    @property
    def git_host(self) -> str:
        """Name of the git server."""
        return urlsplit(self.public_url).hostname or GIT

    @property
    def git(self) -> str:
        """Address of the git server."""
        return f"https://{self.git_host}:{self.git_port}"

    @property
    def git_networks(self) -> list[str]:
        """What the git server's name may resolve to: here, and in a cluster."""
        known = ["127.0.0.1/32", "::1/128", f"{NODE}/32"]
        found = socket.getaddrinfo(self.git_host, None, proto=socket.IPPROTO_TCP)
        others = {str(ipaddress.ip_network(str(entry[4][0]).partition("%")[0])) for entry in found}
        return [*known, *sorted(others - set(known))]

    @property
    def zone(self) -> str:
        """Zone of the workspaces, with its port."""
        return f"{ZONE}:{self.proxy_port}"


def choose(preferred: Sequence[int] = (0, 0, 0, 0), public_url: str = "") -> Names:
    """Return names on the preferred ports; 0, or one that is taken, becomes a free one.

    Raises RuntimeError where a taken one must not: a cluster that is not ours knows it by number.
    """
    if public_url and (taken := [port for port in preferred if port and not is_free(port)]):
        raise RuntimeError(f"your cluster must reach these ports, and they are taken: {taken}")
    control_plane, issuer, git, proxy = (
        port if port and is_free(port) else free_port() for port in preferred
    )
    return Names(control_plane, issuer, git, proxy, public_url)
