"""Who reaches agent and proxy, and whom they reach: the policies of the installation, read as a cluster does."""

from ipaddress import ip_address, ip_network
from typing import Any

import pytest
import yaml

from berth_local.cluster.policy import Chain, Direction, chains, inventory
from chalicelib.domain.targets.kubernetes.proxy import HTTPS_PORT, render_proxy
from chalicelib.wire import labels
from tests.agent.conftest import MANIFEST
from tests.golden.plans import PROXY

AGENT_IP, PROXY_IP, BYSTANDER_IP, WORKSPACE_IP, OTHER_IP = (f"10.244.0.{n}" for n in range(1, 6))
API_SERVER, CONTROL_PLANE, METADATA, RESOLVER = (
    ("10.123.0.1", 6443),
    ("203.0.113.9", 443),
    ("169.254.169.254", 80),
    ("10.96.0.10", 53),
)


def objects(kind: str) -> list[dict[str, Any]]:
    """Return the installation's objects of a kind."""
    return [each for each in yaml.safe_load_all(MANIFEST.read_text()) if each["kind"] == kind]


def pod(namespace: str, address: str, **own: str) -> dict[str, Any]:
    """Return a running pod as policies see it."""
    return {
        "metadata": {"namespace": namespace, "name": address, "labels": own},
        "spec": {"containers": [{}]},
        "status": {"podIP": address, "phase": "Running"},
    }


def pod_labels(deployment: dict[str, Any]) -> dict[str, str]:
    """Return the labels of a Deployment's pods."""
    found: dict[str, str] = deployment["spec"]["template"]["metadata"]["labels"]
    return found


@pytest.fixture(scope="module")
def rules() -> dict[tuple[str, Direction], Chain]:
    """What each isolated pod may, by address and direction."""
    workspace = "berth-ws-000000000001"
    proxy = next(each for each in render_proxy(PROXY) if each["kind"] == "Deployment")
    pods: list[dict[str, Any]] = [
        pod("berth", AGENT_IP, **pod_labels(objects("Deployment")[0])),
        pod("berth", PROXY_IP, **pod_labels(proxy)),
        pod("berth", BYSTANDER_IP),
        pod(workspace, WORKSPACE_IP),
        pod("default", OTHER_IP),
    ]
    namespaces: list[dict[str, Any]] = [
        {"metadata": {"name": "berth"}},
        {"metadata": {"name": "default"}},
        {"metadata": {"name": workspace, "labels": {labels.WORKSPACE_ID: "ws-000000000001"}}},
    ]
    found = chains(objects("NetworkPolicy"), inventory(pods, namespaces))
    return {(chain.pod.ip, chain.direction): chain for chain in found}


def allows(chain: Chain, peer: str, port: int, protocol: str = "TCP") -> bool:
    """Whether a packet from or to the peer passes."""
    return any(
        (each.networks is None or any(ip_address(peer) in ip_network(n) for n in each.networks))
        and (
            each.ports is None
            or (
                each.ports.protocol == protocol
                and (each.ports.first is None or each.ports.first <= port <= (each.ports.last or 0))
            )
        )
        for each in chain.allows
    )


Rules = dict[tuple[str, Direction], Chain]


def test_nobody_reaches_the_agent(rules: Rules) -> None:
    """No pod reaches the agent or anything else of its namespace but the proxy, there its one port for browsers."""
    closed = {(AGENT_IP, 8080), (BYSTANDER_IP, 80), (PROXY_IP, 8480), (PROXY_IP, 9010)}
    for address, port in closed:
        assert not allows(rules[address, Direction.INGRESS], OTHER_IP, port), (address, port)
    assert allows(rules[PROXY_IP, Direction.INGRESS], "198.51.100.7", HTTPS_PORT)


@pytest.mark.parametrize("address", [AGENT_IP, PROXY_IP], ids=["agent", "proxy"])
def test_both_reach_what_they_need_outside(rules: Rules, address: str) -> None:
    """Control plane, API server and resolver are reached; the cloud's metadata and plain HTTP are not."""
    out = rules[address, Direction.EGRESS]
    assert allows(out, *API_SERVER)
    assert allows(out, *CONTROL_PLANE)
    assert allows(out, *RESOLVER, "UDP")
    assert allows(out, *RESOLVER)
    assert not allows(out, *METADATA)
    assert not allows(out, OTHER_IP, 5432)


def test_the_proxy_alone_reaches_workspaces(rules: Rules) -> None:
    """The proxy reaches every TCP port of a workspace, the agent none of them."""
    assert allows(rules[PROXY_IP, Direction.EGRESS], WORKSPACE_IP, 7681)
    assert not allows(rules[PROXY_IP, Direction.EGRESS], WORKSPACE_IP, 7681, "UDP")
    assert not allows(rules[AGENT_IP, Direction.EGRESS], WORKSPACE_IP, 7681)


def test_a_stranger_in_the_namespace_reaches_nothing(rules: Rules) -> None:
    """A pod that is neither agent nor proxy speaks to nobody."""
    out = rules[BYSTANDER_IP, Direction.EGRESS]
    assert not any(allows(out, *place) for place in (API_SERVER, CONTROL_PLANE, RESOLVER))


def test_the_agent_cannot_loosen_them() -> None:
    """No role of the agent's own namespace lets it touch a policy."""
    rules = [rule for role in objects("Role") for rule in role["rules"]]
    assert rules
    assert [rule for rule in rules if "networkpolicies" in rule["resources"]] == []
