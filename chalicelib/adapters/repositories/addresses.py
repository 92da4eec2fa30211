"""Which IP addresses may be dialled for a git host."""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

from chalicelib.domain.networks import INTERNET, METADATA, NOT_PUBLIC, Network, listed, networks
from chalicelib.domain.organisations.settings import GitHost

Address = IPv4Address | IPv6Address

NEVER = (
    *METADATA,
    *networks(
        "0.0.0.0/32",  # "this host" to many systems
        "::/128",
        "224.0.0.0/4",  # multicast
        "ff00::/8",
    ),
)
"""Not even when an organisation lists them."""

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
        return _within(address, listed(host.addresses))
    return _within(address, INTERNET) and not _within(address, NOT_PUBLIC)


def _within(address: Address, among: tuple[Network, ...]) -> bool:
    return any(address.version == network.version and address in network for network in among)


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
