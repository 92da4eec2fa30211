"""What is the internet, and what is never dialled: the tables behind the fetcher of repositories, the
network policy of workspaces and the settings that name git hosts.

Sources: the special-purpose address registries of IANA (RFC 6890) and the clouds' documentation. The
properties of ``ipaddress`` (``is_global`` and the like) are not used: they differ between versions of
Python and call the NAT64 form of a metadata address global (CVE-2024-4032).
"""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network

Network = IPv4Network | IPv6Network


def networks(*texts: str) -> tuple[Network, ...]:
    """Return the networks that were written down."""
    return tuple(ip_network(text) for text in texts)


METADATA = networks(
    "169.254.0.0/16",  # link-local: metadata of AWS, Azure, Google, OpenStack; credentials of ECS and EKS
    "100.100.100.200/32",  # metadata of Alibaba
    "168.63.129.16/32",  # wire server of Azure
    "192.0.0.192/32",  # metadata of Oracle
    "fe80::/10",  # link-local
    "fd00:ec2::/32",  # metadata, DNS and pod identity of AWS
    "fd20:ce::254/128",  # metadata of Google
)
"""Where clouds hand out credentials to whoever asks: never, whatever an organisation lists."""

NOT_PUBLIC = networks(
    "0.0.0.0/8",  # this network
    "10.0.0.0/8",  # private
    "100.64.0.0/10",  # shared, carrier-grade NAT
    "127.0.0.0/8",  # loopback
    "172.16.0.0/12",  # private
    "192.0.0.0/24",  # protocol assignments
    "192.0.2.0/24",  # documentation
    "192.31.196.0/24",  # AS112
    "192.52.193.0/24",  # AMT
    "192.88.99.0/24",  # 6to4 relays
    "192.168.0.0/16",  # private
    "192.175.48.0/24",  # AS112
    "198.18.0.0/15",  # benchmarks
    "198.51.100.0/24",  # documentation
    "203.0.113.0/24",  # documentation
    "224.0.0.0/4",  # multicast
    "240.0.0.0/4",  # reserved, broadcast
    "2001::/23",  # protocol assignments, with Teredo 2001::/32
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "2620:4f:8000::/48",  # AS112
    "3fff::/20",  # documentation
)

INTERNET = networks("0.0.0.0/0", "2000::/3")
"""All of it, less what is ``METADATA`` or ``NOT_PUBLIC``. No other IPv6 is public: mapped, compatible,
NAT64, unique local, site-local, link-local, multicast, loopback, discard."""


def listed(addresses: Iterable[str]) -> tuple[Network, ...]:
    """Return the addresses and networks of a setting. Raises ValueError for what is neither."""
    return tuple(ip_network(text, strict=False) for text in addresses)


def is_inside(inner: Network, outer: Network) -> bool:
    """Whether the first is the second or a part of it."""
    return (
        inner.version == outer.version
        and inner.network_address in outer
        and inner.prefixlen >= outer.prefixlen
    )


def collapsed(among: Iterable[Network]) -> tuple[Network, ...]:
    """Return the fewest networks that cover the same addresses, in order."""
    given = list(among)
    four = collapse_addresses(n for n in given if isinstance(n, IPv4Network))
    six = collapse_addresses(n for n in given if isinstance(n, IPv6Network))
    return (*four, *six)
