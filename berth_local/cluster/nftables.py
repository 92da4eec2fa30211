"""Permissions of network policies as one nftables table: text for `nft -f -`, loaded as one transaction. Pure."""

import hashlib
from collections.abc import Iterable, Sequence

from berth_local.cluster.policy import Allow, Chain, Direction, Document, Ports, chains, inventory

TABLE = "berth_policy"


def compile_table(
    policies: Sequence[Document], pods: Iterable[Document], namespaces: Iterable[Document]
) -> str:
    """The text for `nft -f -` that puts these policies in the place of all earlier ones.

    All three are objects of the API: NetworkPolicies, Pods, Namespaces.
    """
    return render(chains(policies, inventory(pods, namespaces)))


def render(isolated: Sequence[Chain]) -> str:
    """The nftables table: a verdict map sends an isolated pod's packets through its chain, which returns or drops."""
    # Sorted: equal permissions give equal text, so that nothing is loaded twice.
    texts = "".join(_render_chain(chain) for chain in isolated)
    egress, ingress = (
        _dispatch(isolated, direction) for direction in (Direction.EGRESS, Direction.INGRESS)
    )
    # "Deleting" needs a table to be there, so an empty one is added first.
    # What the node itself sends never passes these hooks: probes always reach a pod.
    return (
        f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n{texts}"
        + _hook("forward", egress + ingress)
        + _hook("input", egress)
        + "}\n"
    )


def _render_chain(chain: Chain) -> str:
    lines = "".join(f"    {_render_allow(allow, chain.direction.peer)}\n" for allow in chain.allows)
    return f"  chain {_chain_name(chain)} {{\n{lines}    counter drop\n  }}\n"


def _render_allow(allow: Allow, field: str) -> str:
    words = []
    if allow.excluded:
        words.append(f"ip {field} != {{ {', '.join(allow.excluded)} }}")
    if allow.networks is not None:
        words.append(f"ip {field} {{ {', '.join(allow.networks)} }}")
    if allow.ports is not None:
        words.append(_render_ports(allow.ports))
    return " ".join([*words, "return"])


def _render_ports(ports: Ports) -> str:
    protocol = ports.protocol.lower()
    if ports.first is None:
        return f"meta l4proto {protocol}"
    return f"{protocol} dport {ports.first}" + (
        f"-{ports.last}" if ports.last != ports.first else ""
    )


def _chain_name(chain: Chain) -> str:
    # Names of pods are longer than names of chains may be.
    digest = hashlib.sha256(f"{chain.pod.namespace}/{chain.pod.name}".encode()).hexdigest()
    return f"{chain.direction.rules}_{digest[:12]}"


def _dispatch(isolated: Sequence[Chain], direction: Direction) -> str:
    entries = [
        f"{chain.pod.ip} : jump {_chain_name(chain)}"
        for chain in isolated
        if chain.direction is direction
    ]
    return f"    ip {direction.own} vmap {{ {', '.join(entries)} }}\n" if entries else ""


def _hook(name: str, dispatch: str) -> str:
    return (
        f"  chain {name} {{\n    type filter hook {name} priority -10; policy accept;\n"
        f"    ct state established,related accept\n{dispatch}  }}\n"
    )
