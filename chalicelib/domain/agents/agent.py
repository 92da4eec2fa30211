"""An agent: the program in a cluster that reports facts and applies orders."""

from dataclasses import dataclass, field

from chalicelib.domain.agents.eras import era_of


@dataclass(frozen=True, slots=True)
class AgentSettings:
    """How workspaces are built on this agent's cluster; set at registration, changed by its owner."""

    zone: str
    """DNS name under which its workspaces answer, with the port where it is not 443."""
    storage_class: str = ""
    """Empty: the cluster's default class."""
    image_pull_policy: str = "Always"
    runtime_class: str = ""
    user_namespaces: bool = False
    """Run pods with ``hostUsers: false``; only where the nodes can."""
    tools_image: str = "localhost/berth-tools-base:dev"
    proxy_image: str = "localhost/berth-proxy:dev"
    default_image: str = "localhost/berth-workspace:dev"
    proxy_tls_secret: str = "berth-proxy-tls"  # noqa: S105 - the name of a Secret
    """Name of the TLS Secret (tls.crt, tls.key for ``*.zone``) in the agent's own namespace."""
    image_prefixes: tuple[str, ...] = ()
    """Images a devfile may name; empty: any."""
    max_cpu_millis: int = 8_000
    """Largest sum of CPU limits of a workspace."""
    max_memory_mib: int = 16_384
    max_disk_gib: int = 100
    default_disk_gib: int = 10
    cluster_cidrs: tuple[str, ...] = ()
    """Networks of the cluster that workspaces must not reach, beside the private ones."""
    dns_addresses: tuple[str, ...] = ()
    """Addresses of the cluster's resolver, where it is no pod of kube-system."""
    extra_ca: str = ""
    """PEM of certificate authorities that clone and git trust beside the public ones."""


@dataclass(frozen=True, slots=True)
class Agent:
    """The record of an agent. ``token_digests`` are keyed hashes with the time each one dies
    (None: never): two while a rotation overlaps."""

    id: str
    organisation_id: str
    name: str
    settings: AgentSettings
    version: int
    created_at: float
    token_digests: tuple[tuple[bytes, float | None], ...] = field(default=(), repr=False)
    retired_at: float | None = None
    epoch: int = 0
    """Of whoever leads (see ``eras``): nobody with a lower one is heard."""
    instance: str = ""
    software: str = ""
    intent: int = 0
    """Raised by every change that this agent has to hear of."""
    heard_at: float | None = None
    namespace: str = ""
    restored: int = 0
    """Epoch with which the era after the last restore from a backup began; 0: there was none. What
    is stored of a workspace under a lower one is older than what its cluster knows."""
    owes_report: bool = False
    """Since that restore no full transfer was committed: the agent is given no order."""
    cordoned: bool = False
    """It gets no new workspace; those that it has go on, and may be started."""
    draining: bool = False
    """Cordoned, and what it has is stopped; nothing on it is started."""

    @property
    def era(self) -> int:
        """The present era."""
        return era_of(self.epoch)
