"""Settings of an organisation, each with its unit, default and hard cap."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class GitHost:
    """A git host that repositories may live on.

    ``addresses`` are the addresses or networks (CIDR) that its name may resolve to; empty means
    public addresses only. Both the devfile reader and the network policies of workspaces honour
    it. Metadata addresses are never allowed.
    """

    host: str
    port: int = 443
    addresses: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OrganisationSettings:
    """What an organisation's owner may set."""

    git_hosts: tuple[GitHost, ...] = ()
    """Hosts that devfiles and projects may come from over HTTPS; none by default."""
    default_devfile: str = ""
    """The devfile of a repository that has none, nor a devcontainer.json; empty: such a repository is
    refused. At most 8 KiB, and it imports nothing."""
    longest_run_seconds: int = 36 * 3600
    """A workspace that runs longer is stopped by the sweep; 0 means no limit. Cap 30 days."""
    orphan_grace_seconds: int = 24 * 3600
    """What nobody owns any more is removed after this time. At least 60 s, cap 30 days."""
    workspaces_per_user: int = 10
    """Quota of workspaces that are not Terminated. Cap 1,000."""
    workspaces_per_agent: int = 1_000
    """Cap 10,000."""
    workspaces_per_organisation: int = 10_000
    """Cap 100,000."""
