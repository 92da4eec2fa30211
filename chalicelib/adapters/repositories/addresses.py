"""Which IP addresses may be dialled, by explicit tables.

The properties of ``ipaddress`` (``is_global`` and the like) are not used: they differ between
versions of Python and call the NAT64 form of a metadata address global (CVE-2024-4032).
Sources: the special-purpose address registries of IANA (RFC 6890) and the clouds' documentation.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from chalicelib.domain.organisations.networks import METADATA_NETWORKS
from chalicelib.domain.organisations.settings import GitHost

Address = IPv4Address | IPv6Address
_Network = IPv4Network | IPv6Network


def _networks(*texts: str) -> tuple[_Network, ...]:
    return tuple(ip_network(text) for text in texts)


NEVER = _networks(
    *METADATA_NETWORKS,
    "0.0.0.0/32",  # "this host" to many systems
    "::/128",
    "224.0.0.0/4",  # multicast
    "ff00::/8",
)
"""Not even when an organisation lists them."""

NOT_PUBLIC = _networks(
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
    "240.0.0.0/4",  # reserved, broadcast
    "2001::/23",  # protocol assignments, with Teredo 2001::/32
    "2001:db8::/32",  # documentation
    "2002::/16",  # 6to4
    "2620:4f:8000::/48",  # AS112
    "3fff::/20",  # documentation
)

_PUBLIC_6 = IPv6Network("2000::/3")
"""All other IPv6 is not public: mapped, compatible, NAT64, unique local, site-local, loopback, discard."""

_EMBEDDING = (
    # Network, and how far to the right of the address the IPv4 address ends.
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped (RFC 4291)
    (IPv6Network("::/96"), 0),  # compatible (RFC 4291)
    (IPv6Network("::ffff:0:0:0/96"), 0),  # translated (RFC 2765)
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64 (RFC 6052)
    (IPv6Network("64:ff9b:1::/48"), 0),  # NAT64, local use (RFC 8215)
    (IPv6Network("2002::/16"), 80),  # 6to4 (RFC 3056)
)
_TEREDO = IPv6Network("2001::/32")
_LOW_32 = 0xFFFFFFFF


def is_permitted(text: str, host: GitHost) -> bool:
    """Whether ``text``, an answer of the resolver for ``host``, may be dialled."""
    try:
        address = ip_address(text)
    except ValueError:
        return False
    carried = _embedded(address)
    if _within(address, NEVER) or (carried is not None and _within(carried, NEVER)):
        return False
    if host.addresses:
        return _within(address, _listed(host))
    if isinstance(address, IPv6Address) and address not in _PUBLIC_6:
        return False
    return not _within(address, NOT_PUBLIC)


def _listed(host: GitHost) -> tuple[_Network, ...]:
    return tuple(ip_network(each, strict=False) for each in host.addresses)


def _within(address: Address, networks: tuple[_Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in networks)


def _embedded(address: Address) -> IPv4Address | None:
    """The IPv4 address that an IPv6 address stands for, if it is of a form that carries one."""
    if isinstance(address, IPv4Address):
        return None
    if address in _TEREDO:
        return IPv4Address(~int(address) & _LOW_32)
    for network, shift in _EMBEDDING:
        if address in network:
            return IPv4Address(int(address) >> shift & _LOW_32)
    return None
