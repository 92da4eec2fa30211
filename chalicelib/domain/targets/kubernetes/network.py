"""Who reaches a workspace, and what it reaches: Service and NetworkPolicy."""

import json
from collections.abc import Iterable, Mapping
from ipaddress import ip_network

from chalicelib.domain.editors import EDITORS
from chalicelib.domain.organisations.networks import METADATA_NETWORKS
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets.kubernetes import metadata, names
from chalicelib.domain.targets.plan import PlannedEndpoint, WorkspacePlan
from chalicelib.domain.targets.target import GuardRails, Object
from chalicelib.wire import labels

PUBLIC, INTERNAL = "public", "internal"
_RANK = {PUBLIC: 2, INTERNAL: 1}

NOT_THE_INTERNET = {
    4: (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "224.0.0.0/4",
        "240.0.0.0/4",
    ),
    6: (
        "::/127",
        "64:ff9b::/96",
        "64:ff9b:1::/48",
        "2001::/32",
        "2002::/16",
        "fc00::/7",
        "fe80::/10",
        "ff00::/8",
    ),
}
"""What a workspace must not reach as "the internet": private, shared, link-local (metadata
services), loopback, benchmark, multicast and reserved networks, and IPv6 forms that carry an IPv4
address (NAT64, 6to4, Teredo). RFC 6890 and its registry."""

METADATA = {
    version: tuple(n for n in METADATA_NETWORKS if ip_network(n).version == version)
    for version in (4, 6)
}
"""Never reachable, not even when an organisation names it as a git host."""

_DNS_PORTS = [{"protocol": "UDP", "port": 53}, {"protocol": "TCP", "port": 53}]
_WEB_PORTS = [
    # All but SMTP (25): a workspace is no mail relay.
    {"protocol": "TCP", "port": 1, "endPort": 24},
    {"protocol": "TCP", "port": 26, "endPort": 65535},
    {"protocol": "UDP", "port": 1, "endPort": 65535},
]


def endpoints(plan: WorkspacePlan) -> tuple[PlannedEndpoint, ...]:
    """Return one endpoint for each port that is seen outside the pod; the widest exposure wins."""
    editor = EDITORS[plan.editor]
    widest = {editor.port: PlannedEndpoint(editor.endpoint, editor.port, PUBLIC)}
    for container in plan.staying:
        for endpoint in container.endpoints:
            if endpoint.exposure not in _RANK:
                continue
            known = widest.get(endpoint.port)
            if known is None or _RANK[endpoint.exposure] > _RANK[known.exposure]:
                widest[endpoint.port] = endpoint
    return tuple(widest[port] for port in sorted(widest))


def service(plan: WorkspacePlan) -> Object:
    """Return the Service, by whose annotations the proxy finds the workspace. One of them,
    ``SERVING``, is a hole."""
    seen = endpoints(plan)
    base = metadata.member(names.WORKLOAD, plan.workspace_id, plan.agent_id)
    listed = [
        {"port": e.port, "name": e.name, "exposure": e.exposure, "protocol": e.protocol}
        for e in seen
    ]
    base["annotations"] = {
        labels.ENDPOINTS: json.dumps(listed, separators=(",", ":")),
        labels.WORKSPACE_NAME: plan.workspace_name,
    }
    ports = [
        {"name": f"port-{e.port}", "port": e.port, "targetPort": e.port, "protocol": "TCP"}
        for e in seen
    ]
    selector = {labels.WORKSPACE_ID: plan.workspace_id}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": base,
        "spec": {"type": "ClusterIP", "selector": selector, "ports": ports},
    }


def network_policy(workspace_id: str, guard: GuardRails, ports: Mapping[str, list[int]]) -> Object:
    """Return the policy of the whole namespace: what it does not admit is refused, both ways.

    ``ports`` are the port numbers by exposure.
    """
    own: list[Object] = [{"podSelector": {}}]
    within = [{"from": own, "ports": _tcp(ports[INTERNAL])}] if ports[INTERNAL] else []
    out_within = [{"to": own, "ports": _tcp(ports[INTERNAL])}] if ports[INTERNAL] else []
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": metadata.member(names.GUARD, workspace_id, guard.agent_id),
        "spec": {
            "podSelector": {},
            "policyTypes": ["Ingress", "Egress"],
            "ingress": _from_proxy(guard, ports[PUBLIC]) + within,
            "egress": [_resolver(guard), _internet(guard), *_git(guard.git_hosts), *out_within],
        },
    }


def _from_proxy(guard: GuardRails, public: list[int]) -> list[Object]:
    if not guard.agent_namespace:
        return []
    # Both selectors in one entry: pods with this label in this namespace, and nowhere else.
    proxy = _in_namespace(guard.agent_namespace) | {
        "podSelector": {"matchLabels": {labels.PROXY_LABEL: "true"}}
    }
    return [{"from": [proxy], "ports": _tcp(public)}]


def _resolver(guard: GuardRails) -> Object:
    addresses = [_block(network) for network in _networks(guard.agent.dns_addresses)]
    return {"to": [_in_namespace("kube-system"), *addresses], "ports": _DNS_PORTS}


def _internet(guard: GuardRails) -> Object:
    blocks = [
        _block(whole, NOT_THE_INTERNET[version] + tuple(guard.agent.cluster_cidrs))
        for version, whole in ((4, "0.0.0.0/0"), (6, "::/0"))
    ]
    return {"to": blocks, "ports": _WEB_PORTS}


def _git(hosts: Iterable[GitHost]) -> list[Object]:
    """Admit the addresses that an organisation names for its git hosts, each at its port."""
    rules = []
    for host in sorted(hosts, key=lambda host: (host.host, host.port)):
        blocks = [
            _block(network, METADATA[ip_network(network).version])
            for network in _networks(host.addresses)
            if not _is_metadata(network)
        ]
        if blocks:
            rules.append({"to": blocks, "ports": _tcp([host.port])})
    return rules


def _is_metadata(network: str) -> bool:
    parsed = ip_network(network)
    return any(_within(network, other) for other in METADATA[parsed.version])


def _block(network: str, but: Iterable[str] = ()) -> Object:
    inside = [n for n in _networks(but) if n != network and _within(n, network)]
    # What lies in a wider exception is said already.
    widest = [n for n in inside if not any(n != other and _within(n, other) for other in inside)]
    return {"ipBlock": {"cidr": network} | ({"except": widest} if widest else {})}


def _within(inner: str, outer: str) -> bool:
    small, large = ip_network(inner), ip_network(outer)
    return (
        small.version == large.version
        and small.network_address in large
        and small.prefixlen >= large.prefixlen
    )


def _networks(texts: Iterable[str]) -> list[str]:
    """Return addresses and networks in their canonical form, each once, in order."""
    parsed = {ip_network(text, strict=False) for text in texts}
    return [str(n) for n in sorted(parsed, key=lambda n: (n.version, int(n.network_address)))]


def _in_namespace(name: str) -> Object:
    # The API server itself keeps this label equal to the name.
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _tcp(ports: Iterable[int]) -> list[Object]:
    return [{"protocol": "TCP", "port": port} for port in ports]
