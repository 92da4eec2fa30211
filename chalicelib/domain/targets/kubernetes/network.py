"""Who reaches a workspace, and what it reaches: Service and NetworkPolicy."""

import json
from collections.abc import Iterable, Mapping
from functools import lru_cache

from chalicelib.domain.editors import EDITORS
from chalicelib.domain.networks import (
    INTERNET,
    METADATA,
    NOT_PUBLIC,
    Network,
    collapsed,
    is_inside,
    listed,
)
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets.kubernetes import metadata, names
from chalicelib.domain.targets.plan import PlannedEndpoint, WorkspacePlan
from chalicelib.domain.targets.target import GuardRails, Object
from chalicelib.wire import labels

PUBLIC, INTERNAL = "public", "internal"
_RANK = {PUBLIC: 2, INTERNAL: 1}

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
    addresses = [_block(network) for network in _sorted(guard.agent.dns_addresses)]
    return {"to": [_in_namespace("kube-system"), *addresses], "ports": _DNS_PORTS}


def _internet(guard: GuardRails) -> Object:
    but = (*METADATA, *NOT_PUBLIC, *listed(guard.agent.cluster_cidrs))
    return {"to": [_block(whole, but) for whole in INTERNET], "ports": _WEB_PORTS}


def _git(hosts: Iterable[GitHost]) -> list[Object]:
    """Admit the addresses that an organisation names for its git hosts, each at its port."""
    rules = []
    for host in sorted(hosts, key=lambda host: (host.host, host.port)):
        blocks = [
            _block(network, METADATA)
            for network in _sorted(host.addresses)
            if not any(is_inside(network, other) for other in METADATA)
        ]
        if blocks:
            rules.append({"to": blocks, "ports": _tcp([host.port])})
    return rules


def _block(network: Network, but: tuple[Network, ...] = ()) -> Object:
    exceptions = _exceptions(network, but)
    return {
        "ipBlock": {"cidr": str(network)} | ({"except": list(exceptions)} if exceptions else {})
    }


@lru_cache(
    maxsize=128
)  # One agent's workspaces share them, and a full answer renders all of those.
def _exceptions(network: Network, but: tuple[Network, ...]) -> tuple[str, ...]:
    """Return what to except, strictly inside the network as Kubernetes wants it."""
    inside = collapsed(other for other in but if is_inside(other, network) and other != network)
    return tuple(str(each) for each in inside)


def _sorted(texts: Iterable[str]) -> list[Network]:
    """Return addresses and networks, each once, in order."""
    return sorted(
        set(listed(texts)), key=lambda n: (n.version, int(n.network_address), n.prefixlen)
    )


def _in_namespace(name: str) -> Object:
    # The API server itself keeps this label equal to the name.
    return {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}


def _tcp(ports: Iterable[int]) -> list[Object]:
    return [{"protocol": "TCP", "port": port} for port in ports]
