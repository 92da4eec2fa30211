"""NetworkPolicy (networking.k8s.io/v1): for every isolated pod and direction, what is allowed. Pure.

Our own reading of the specification, for IPv4; `nftables` writes the result down for the kernel.
https://kubernetes.io/docs/concepts/services-networking/network-policies/
"""

import ipaddress
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

Document = Mapping[str, Any]
Labels = Mapping[str, str]
_ENDED = ("Succeeded", "Failed")


class Direction(Enum):
    """Seen from the isolated pod. `rules`, `peers`: names in the policy; `own`, `peer`: address fields of a packet."""

    INGRESS = ("Ingress", "ingress", "from", "daddr", "saddr")
    EGRESS = ("Egress", "egress", "to", "saddr", "daddr")

    def __init__(self, type_: str, rules: str, peers: str, own: str, peer: str) -> None:
        self.type = type_
        self.rules = rules
        self.peers = peers
        self.own = own
        self.peer = peer


@dataclass(frozen=True, slots=True)
class Pod:
    """What policies see of a pod."""

    namespace: str
    name: str
    ip: str
    labels: Labels
    ports: Mapping[tuple[str, str], int]
    """(protocol, port name) -> number."""

    @classmethod
    def from_object(cls, pod: Document) -> "Pod | None":
        """None for a pod that policies do not govern: without an address, ended, or in the node's network."""
        status, spec, metadata = pod.get("status") or {}, pod["spec"], pod["metadata"]
        if not status.get("podIP") or status.get("phase") in _ENDED or spec.get("hostNetwork"):
            return None
        containers = [*(spec.get("initContainers") or []), *spec["containers"]]
        named = [
            port
            for container in containers
            for port in container.get("ports") or []
            if port.get("name")
        ]
        ports = {
            (port.get("protocol", "TCP"), port["name"]): port["containerPort"] for port in named
        }
        return cls(
            metadata["namespace"],
            metadata["name"],
            status["podIP"],
            metadata.get("labels") or {},
            ports,
        )


@dataclass(frozen=True, slots=True)
class Inventory:
    """Whom the selectors of a policy can find."""

    pods: Sequence[Pod]
    namespaces: Mapping[str, Labels]
    """Name of a namespace -> its labels."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Packets of one protocol, to a range of ports or to any."""

    protocol: str
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Allow:
    """One permission. `networks` None: any address. `ports` None: any protocol and port."""

    networks: tuple[str, ...] | None = None
    excluded: tuple[str, ...] = ()
    ports: Ports | None = None


@dataclass(frozen=True, slots=True)
class Chain:
    """A pod that is isolated in one direction: what no `Allow` admits is dropped."""

    pod: Pod
    direction: Direction
    allows: tuple[Allow, ...]


def inventory(pods: Iterable[Document], namespaces: Iterable[Document]) -> Inventory:
    """Read the API's Pods and Namespaces."""
    governed = [pod for document in pods if (pod := Pod.from_object(document)) is not None]
    labels = {item["metadata"]["name"]: item["metadata"].get("labels") or {} for item in namespaces}
    return Inventory(sorted(governed, key=lambda pod: (pod.namespace, pod.name)), labels)


def chains(policies: Sequence[Document], found: Inventory) -> list[Chain]:
    """One chain for each direction in which a policy selects a pod; policies add up, none takes away."""
    isolated = []
    for pod in found.pods:
        for direction in Direction:
            selecting = [policy for policy in policies if _isolates(policy, pod, direction)]
            if selecting:
                # A pod cannot block access to itself, not even by way of a Service.
                allows = [Allow(networks=(pod.ip,))]
                for policy in selecting:
                    for rule in policy["spec"].get(direction.rules) or []:
                        allows += _allows(rule, direction, pod, found)
                isolated.append(Chain(pod, direction, tuple(dict.fromkeys(allows))))
    return isolated


def matches(selector: Document, labels: Labels) -> bool:
    """LabelSelector (meta/v1): all of its requirements hold; an empty one matches everything.

    :raises ValueError: an operator that the API does not know.
    """
    wanted = selector.get("matchLabels") or {}
    if any(labels.get(key) != value for key, value in wanted.items()):
        return False
    return all(
        _holds(requirement, labels) for requirement in selector.get("matchExpressions") or []
    )


def _isolates(policy: Document, pod: Pod, direction: Direction) -> bool:
    spec = policy["spec"]
    types = spec.get("policyTypes") or ["Ingress", *(["Egress"] if spec.get("egress") else [])]
    return (
        policy["metadata"]["namespace"] == pod.namespace
        and direction.type in types
        and matches(spec.get("podSelector") or {}, pod.labels)
    )


def _holds(requirement: Document, labels: Labels) -> bool:
    key, values = requirement["key"], requirement.get("values") or []
    match requirement["operator"]:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case other:
            raise ValueError(f"a label selector has the unknown operator {other!r}")


def _allows(rule: Document, direction: Direction, pod: Pod, found: Inventory) -> Iterator[Allow]:
    """The permissions that one rule gives to a pod. A port's name is looked up on the pod that receives."""
    peers = rule.get(direction.peers) or []
    # A policy lies in the namespace of the pods that it selects.
    reach = [
        other
        for other in found.pods
        if any(_selects(peer, other, pod.namespace, found) for peer in peers)
    ]
    selected = reach if peers else found.pods
    blocks = [_block(peer["ipBlock"]) for peer in peers if peer.get("ipBlock")]
    nets = [block for block in blocks if block is not None] if peers else [Allow()]
    for port in rule.get("ports") or [None]:
        if direction is Direction.EGRESS and port is not None and isinstance(port.get("port"), str):
            yield from (
                Allow((other.ip,), (), number)
                for other in selected
                if (number := _resolve(port, other))
            )
            continue
        number = None if port is None else _resolve(port, pod)
        if port is not None and number is None:
            continue
        if peers and selected:
            yield Allow(tuple(sorted(other.ip for other in selected)), (), number)
        yield from (Allow(net.networks, net.excluded, number) for net in nets)


def _selects(peer: Document, pod: Pod, local: str, found: Inventory) -> bool:
    """Both selectors of one peer must match; without a namespace selector only the policy's own namespace counts."""
    if peer.get("ipBlock"):
        return False
    by_namespace, by_pod = peer.get("namespaceSelector"), peer.get("podSelector")
    if by_namespace is None:
        in_reach = pod.namespace == local
    else:
        in_reach = pod.namespace in found.namespaces and matches(
            by_namespace, found.namespaces[pod.namespace]
        )
    return in_reach and (by_pod is None or matches(by_pod, pod.labels))


def _block(block: Document) -> Allow | None:
    """None for IPv6, which the cluster does not have."""
    network = ipaddress.ip_network(block["cidr"], strict=False)
    if network.version != 4:
        return None
    excluded = [ipaddress.IPv4Network(text, strict=False) for text in block.get("except") or []]
    # nft refuses a set whose intervals overlap.
    return Allow((str(network),), tuple(map(str, ipaddress.collapse_addresses(excluded))))


def _resolve(port: Document, receiver: Pod) -> Ports | None:
    """None: the receiver has no port of that name and protocol."""
    protocol, wanted = port.get("protocol") or "TCP", port.get("port")
    if isinstance(wanted, str):
        number = receiver.ports.get((protocol, wanted))
        return None if number is None else Ports(protocol, number, number)
    return Ports(protocol, wanted, port.get("endPort") or wanted)
