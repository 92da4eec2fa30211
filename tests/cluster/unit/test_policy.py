"""NetworkPolicy: a table of cases from the specification, decided by the compiled permissions.

https://kubernetes.io/docs/concepts/services-networking/network-policies/ and the API reference of
networking.k8s.io/v1. How nftables carries the permissions out is tested with real traffic, on a cluster.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address, ip_network

import pytest
import yaml

from berth_local.cluster.nftables import TABLE, compile_table
from berth_local.cluster.policy import Allow, Chain, Direction, Document, chains, inventory, matches

NAMESPACES: list[Document] = yaml.safe_load("""
- metadata: {name: a, labels: {kubernetes.io/metadata.name: a, team: blue}}
- metadata: {name: b, labels: {kubernetes.io/metadata.name: b, team: red}}
- metadata: {name: c, labels: {kubernetes.io/metadata.name: c}}
""")

PODS: list[Document] = yaml.safe_load("""
- metadata: {namespace: a, name: web, labels: {app: web}}
  spec:
    containers:
    - ports: [{name: http, containerPort: 8080}, {name: dns, containerPort: 5353, protocol: UDP}]
  status: {podIP: 10.244.0.1, phase: Running}
- metadata: {namespace: a, name: db, labels: {app: db, tier: back}}
  spec:
    containers: [{ports: [{name: http, containerPort: 5432}]}]
  status: {podIP: 10.244.0.2, phase: Running}
- metadata: {namespace: b, name: web, labels: {app: web}}
  spec:
    initContainers: [{restartPolicy: Always, ports: [{name: http, containerPort: 9090}]}]
    containers: [{}]
  status: {podIP: 10.244.0.3, phase: Running}
- metadata: {namespace: b, name: db, labels: {app: db}}
  spec: {containers: [{}]}
  status: {podIP: 10.244.0.4, phase: Running}
- metadata: {namespace: c, name: bare}
  spec: {containers: [{}]}
  status: {podIP: 10.244.0.5, phase: Pending}
- metadata: {namespace: a, name: finished, labels: {app: web}}
  spec: {containers: [{}]}
  status: {podIP: 10.244.0.6, phase: Succeeded}
- metadata: {namespace: a, name: failed, labels: {app: web}}
  spec: {containers: [{}]}
  status: {podIP: 10.244.0.7, phase: Failed}
- metadata: {namespace: a, name: waiting, labels: {app: web}}
  spec: {containers: [{}]}
  status: {phase: Pending}
- metadata: {namespace: a, name: on-the-node, labels: {app: web}}
  spec: {hostNetwork: true, containers: [{}]}
  status: {podIP: 10.123.0.1, phase: Running}
""")

ADDRESSES = {
    "a/web": "10.244.0.1",
    "a/db": "10.244.0.2",
    "b/web": "10.244.0.3",
    "b/db": "10.244.0.4",
    "c/bare": "10.244.0.5",
    "finished": "10.244.0.6",
    "node": "10.123.0.1",
    "outside": "192.0.2.10",
    "near": "192.0.2.200",
}

CASES = {
    "without a policy everything is open": (
        "",
        ["b/web -> a/web tcp/8080 open", "a/web -> outside udp/53 open"],
    ),
    "an empty podSelector isolates every pod of the policy's namespace, and no other": (
        "{podSelector: {}, policyTypes: [Ingress]}",
        [
            "b/web -> a/web tcp/8080 blocked",
            "a/web -> a/db tcp/5432 blocked",
            "outside -> a/db tcp/5432 blocked",
            "a/web -> b/web tcp/9090 open",
        ],
    ),
    "a podSelector isolates only the pods that it selects": (
        "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress]}",
        ["b/web -> a/web tcp/8080 blocked", "b/web -> a/db tcp/5432 open"],
    ),
    "without policyTypes a policy without egress rules isolates ingress alone": (
        "{podSelector: {}}",
        ["b/web -> a/web tcp/8080 blocked", "a/web -> b/web tcp/9090 open"],
    ),
    "without policyTypes a policy with egress rules isolates both directions": (
        "{podSelector: {}, egress: [{to: [{podSelector: {}}]}]}",
        [
            "b/web -> a/web tcp/8080 blocked",
            "a/web -> b/web tcp/9090 blocked",
            "a/web -> outside tcp/443 blocked",
        ],
    ),
    "policyTypes Egress leaves ingress open, even with ingress rules": (
        "{podSelector: {}, policyTypes: [Egress], ingress: [{from: [{podSelector: {}}]}]}",
        ["b/web -> a/web tcp/8080 open", "a/web -> b/web tcp/9090 blocked"],
    ),
    "default deny of both directions": (
        "{podSelector: {}, policyTypes: [Ingress, Egress]}",
        ["b/web -> a/web tcp/8080 blocked", "a/web -> b/web tcp/9090 blocked"],
    ),
    "an empty ingress rule admits everyone on every port": (
        "{podSelector: {}, ingress: [{}]}",
        ["b/web -> a/web tcp/8080 open", "outside -> a/web udp/1 open", "node -> a/db icmp open"],
    ),
    "an empty egress rule lets out to everyone": (
        "{podSelector: {}, policyTypes: [Egress], egress: [{}]}",
        ["a/web -> outside tcp/443 open", "a/web -> b/db udp/9 open"],
    ),
    "an empty list of peers means anyone": (
        "{podSelector: {}, ingress: [{from: [], ports: [{port: 8080}]}]}",
        ["outside -> a/web tcp/8080 open", "outside -> a/web tcp/8081 blocked"],
    ),
    "a peer's podSelector alone looks in the policy's own namespace": (
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
        ["a/web -> a/db tcp/5432 open", "b/web -> a/db tcp/5432 blocked"],
    ),
    "a peer's namespaceSelector alone takes all pods of the namespaces": (
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}",
        [
            "b/web -> a/web tcp/8080 open",
            "b/db -> a/web tcp/8080 open",
            "a/db -> a/web tcp/8080 blocked",
            "c/bare -> a/web tcp/8080 blocked",
        ],
    ),
    "both selectors in one peer must both match": (
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}},"
            " podSelector: {matchLabels: {app: web}}}]}]}"
        ),
        [
            "b/web -> a/db tcp/5432 open",
            "b/db -> a/db tcp/5432 blocked",
            "a/web -> a/db tcp/5432 blocked",
        ],
    ),
    "the same selectors in two peers: either is enough": (
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}},"
            " {podSelector: {matchLabels: {app: web}}}]}]}"
        ),
        [
            "b/db -> a/db tcp/5432 open",
            "a/web -> a/db tcp/5432 open",
            "c/bare -> a/db tcp/5432 blocked",
        ],
    ),
    "a peer that selects nobody admits nobody": (
        (
            "{podSelector: {}, policyTypes: [Ingress, Egress],"
            " ingress: [{from: [{podSelector: {matchLabels: {app: none}}}]}],"
            " egress: [{to: [{namespaceSelector: {matchLabels: {team: none}}}], ports: [{port: http}]}]}"
        ),
        ["b/web -> a/web tcp/8080 blocked", "a/web -> a/db tcp/5432 blocked"],
    ),
    "an empty namespaceSelector takes every namespace, but no address outside": (
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}",
        ["c/bare -> a/web tcp/8080 open", "outside -> a/web tcp/8080 blocked"],
    ),
    "an empty namespaceSelector with a podSelector: such pods of every namespace": (
        "{podSelector: {}, ingress: [{from: [{namespaceSelector: {}, podSelector: {matchLabels: {app: db}}}]}]}",
        ["b/db -> a/web tcp/8080 open", "b/web -> a/web tcp/8080 blocked"],
    ),
    "ipBlock admits its addresses without the excepted ones": (
        "{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: 192.0.2.0/24, except: [192.0.2.128/25]}}]}]}",
        [
            "outside -> a/web tcp/8080 open",
            "near -> a/web tcp/8080 blocked",
            "b/web -> a/web tcp/8080 blocked",
        ],
    ),
    "ipBlock limits egress in the same way": (
        "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}}]}]}",
        [
            "a/web -> outside tcp/443 open",
            "a/web -> node tcp/6443 blocked",
            "a/web -> b/web tcp/9090 blocked",
        ],
    ),
    "what one block excepts another peer may still admit": (
        (
            "{podSelector: {}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8]}},"
            " {podSelector: {}}]}]}"
        ),
        ["a/web -> a/db tcp/5432 open", "a/web -> b/db tcp/5432 blocked"],
    ),
    "an IPv6 block is nothing in a cluster of IPv4": (
        '{podSelector: {}, ingress: [{from: [{ipBlock: {cidr: "2001:db8::/32"}}]}]}',
        ["outside -> a/web tcp/8080 blocked"],
    ),
    "a rule without ports covers all ports and protocols": (
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}",
        ["a/db -> a/web tcp/1 open", "a/db -> a/web udp/65535 open", "a/db -> a/web icmp open"],
    ),
    "a port without protocol means TCP": (
        "{podSelector: {}, ingress: [{ports: [{port: 53}]}]}",
        ["b/web -> a/web tcp/53 open", "b/web -> a/web udp/53 blocked"],
    ),
    "a UDP port leaves TCP closed": (
        "{podSelector: {}, ingress: [{ports: [{port: 53, protocol: UDP}]}]}",
        ["b/web -> a/web udp/53 open", "b/web -> a/web tcp/53 blocked"],
    ),
    "a protocol without port means all its ports": (
        "{podSelector: {}, ingress: [{ports: [{protocol: UDP}]}]}",
        ["b/web -> a/web udp/7 open", "b/web -> a/web tcp/7 blocked"],
    ),
    "endPort makes a range, both ends included": (
        "{podSelector: {}, ingress: [{ports: [{port: 8000, endPort: 8002}]}]}",
        [
            "b/web -> a/web tcp/7999 blocked",
            "b/web -> a/web tcp/8000 open",
            "b/web -> a/web tcp/8002 open",
            "b/web -> a/web tcp/8003 blocked",
        ],
    ),
    "peers and ports of one rule must both match": (
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 8080}]}]}",
        [
            "a/db -> a/web tcp/8080 open",
            "a/db -> a/web tcp/22 blocked",
            "b/web -> a/web tcp/8080 blocked",
        ],
    ),
    "two rules do not lend each other their ports": (
        "{podSelector: {}, ingress: [{from: [{podSelector: {}}], ports: [{port: 1}]}, {ports: [{port: 2}]}]}",
        [
            "a/db -> a/web tcp/1 open",
            "b/web -> a/web tcp/1 blocked",
            "b/web -> a/web tcp/2 open",
        ],
    ),
    "a port's name is the number that the receiving pod gives it": (
        "{podSelector: {}, ingress: [{ports: [{port: http}]}]}",
        [
            "b/web -> a/web tcp/8080 open",
            "b/web -> a/db tcp/5432 open",
            "b/web -> a/web tcp/5432 blocked",
        ],
    ),
    "a port's name counts only with its protocol": (
        "{podSelector: {}, ingress: [{ports: [{port: dns, protocol: UDP}]}]}",
        ["b/web -> a/web udp/5353 open", "b/web -> a/web tcp/5353 blocked"],
    ),
    "a name that the pod does not have opens nothing": (
        "{podSelector: {}, ingress: [{ports: [{port: metrics}]}]}",
        ["b/web -> a/web tcp/8080 blocked"],
    ),
    "on egress a port's name is looked up on each receiver, sidecars included": (
        (
            "{podSelector: {}, policyTypes: [Egress],"
            " egress: [{to: [{namespaceSelector: {}}], ports: [{port: http}]}]}"
        ),
        [
            "a/web -> a/db tcp/5432 open",
            "a/web -> b/web tcp/9090 open",
            "a/web -> b/web tcp/5432 blocked",
            "a/web -> b/db tcp/9090 blocked",
        ],
    ),
    "a port's name to anyone opens it on every pod that has it": (
        "{podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: http}]}]}",
        ["a/web -> b/web tcp/9090 open", "a/web -> outside tcp/9090 blocked"],
    ),
    "a connection needs the leave of both ends": (
        (
            "{podSelector: {matchLabels: {app: web}}, policyTypes: [Egress], egress: [{}]}\n"
            "{podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress]}"
        ),
        ["a/web -> a/db tcp/5432 blocked", "a/web -> b/db tcp/5432 open"],
    ),
    "several policies add up": (
        (
            "{podSelector: {}, policyTypes: [Ingress]}\n"
            "{podSelector: {matchLabels: {app: web}}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: red}}}]}]}\n"
            "{podSelector: {matchLabels: {app: web}}, ingress: [{ports: [{port: 22}]}]}"
        ),
        [
            "b/db -> a/web tcp/8080 open",
            "outside -> a/web tcp/22 open",
            "outside -> a/web tcp/8080 blocked",
            "b/db -> a/db tcp/8080 blocked",
        ],
    ),
    "a pod cannot block access to itself": (
        "{podSelector: {}, policyTypes: [Ingress, Egress]}",
        ["a/web -> a/web tcp/8080 open"],
    ),
    "a pod that has ended is no peer: its address may be another's by now": (
        "{podSelector: {matchLabels: {app: db}}, ingress: [{from: [{podSelector: {matchLabels: {app: web}}}]}]}",
        ["finished -> a/db tcp/5432 blocked", "a/web -> a/db tcp/5432 open"],
    ),
    "a pod in the node's network is neither selected nor a peer": (
        (
            "{podSelector: {matchLabels: {app: web}}, policyTypes: [Ingress, Egress],"
            " egress: [{to: [{podSelector: {}}]}]}"
        ),
        ["node -> b/web tcp/1 open", "a/web -> node tcp/22 blocked"],
    ),
    "a pod that is Pending with an address is governed: its init containers run": (
        (
            "{podSelector: {}, ingress: [{from: [{namespaceSelector: {matchExpressions: "
            "[{key: team, operator: DoesNotExist}]}}]}]}"
        ),
        ["c/bare -> a/web tcp/8080 open", "b/web -> a/web tcp/8080 blocked"],
    ),
}


@pytest.mark.parametrize("specs,connections", CASES.values(), ids=CASES)
def test_connection_is_decided_as_the_specification_says(
    specs: str, connections: list[str]
) -> None:
    """Every connection of the case is open or blocked as written."""
    isolated = chains([policy(spec) for spec in specs.splitlines()], inventory(PODS, NAMESPACES))

    decided = [decide(isolated, connection) for connection in connections]

    assert decided == connections


SELECTORS = [
    ("{}", "{}", True),
    ("{}", "{app: web}", True),
    ("{matchLabels: {app: web}}", "{app: web, tier: front}", True),
    ("{matchLabels: {app: web, tier: front}}", "{app: web}", False),
    ("{matchExpressions: [{key: app, operator: In, values: [web, db]}]}", "{app: db}", True),
    ("{matchExpressions: [{key: app, operator: In, values: [web, db]}]}", "{app: job}", False),
    ("{matchExpressions: [{key: app, operator: In, values: [web]}]}", "{}", False),
    ("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", "{app: web}", False),
    ("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", "{app: db}", True),
    ("{matchExpressions: [{key: app, operator: NotIn, values: [web]}]}", "{}", True),
    ("{matchExpressions: [{key: app, operator: Exists}]}", "{app: ''}", True),
    ("{matchExpressions: [{key: app, operator: Exists}]}", "{}", False),
    ("{matchExpressions: [{key: app, operator: DoesNotExist}]}", "{}", True),
    ("{matchExpressions: [{key: app, operator: DoesNotExist}]}", "{app: web}", False),
    (
        "{matchLabels: {app: web}, matchExpressions: [{key: tier, operator: Exists}]}",
        "{app: web}",
        False,
    ),
]


@pytest.mark.parametrize("selector,labels,selected", SELECTORS)
def test_selector_matches_labels(selector: str, labels: str, selected: bool) -> None:
    """All requirements of a selector must hold; NotIn and DoesNotExist hold for a label that is absent."""
    assert matches(yaml.safe_load(selector), yaml.safe_load(labels)) is selected


def test_unknown_operator_is_refused() -> None:
    """An operator that the API does not know is never read as "matches"."""
    with pytest.raises(ValueError, match="'Near'"):
        matches({"matchExpressions": [{"key": "app", "operator": "Near"}]}, {})


def test_table_is_one_transaction_that_replaces_the_earlier_one() -> None:
    """The text deletes the table and writes it anew, with both hooks and a verdict map for each direction."""
    text = compile_table(
        [policy("{podSelector: {}, policyTypes: [Ingress, Egress]}")], PODS, NAMESPACES
    )

    assert text.startswith(
        f"table inet {TABLE}\ndelete table inet {TABLE}\ntable inet {TABLE} {{\n"
    )
    assert re.findall(r"type filter hook (\w+)", text) == ["forward", "input"]
    # Pods that ended, wait for an address or share the node's are not in the maps.
    assert set(re.findall(r"(10\S+) : jump ingress_", text)) == {"10.244.0.1", "10.244.0.2"}
    assert set(re.findall(r"(10\S+) : jump egress_", text)) == {"10.244.0.1", "10.244.0.2"}


@pytest.mark.parametrize("specs", [specs for specs, _ in CASES.values()], ids=CASES)
def test_table_has_only_what_nft_takes(specs: str) -> None:
    """No set is empty and no address is of IPv6: nft would refuse the whole table, and the earlier rules would stay."""
    text = compile_table([policy(spec) for spec in specs.splitlines()], PODS, NAMESPACES)

    assert "{  }" not in text
    assert "::" not in text


def test_replies_pass_before_any_policy() -> None:
    """Each hook accepts established connections first, and only then looks for a policy."""
    text = compile_table(
        [policy("{podSelector: {}, policyTypes: [Ingress, Egress]}")], PODS, NAMESPACES
    )

    hooks = re.findall(r"chain (?:forward|input) \{(.*?)\}\n  ?\}", text, re.DOTALL)
    assert len(hooks) == 2
    for hook in hooks:
        assert hook.index("ct state established,related accept") < hook.index("vmap")


def test_node_is_never_stopped_on_its_way_to_a_pod() -> None:
    """What the node sends passes no hook of ours, and what enters it is held to egress policies alone."""
    text = compile_table([policy("{podSelector: {}, policyTypes: [Ingress]}")], PODS, NAMESPACES)

    assert "hook output" not in text
    assert "vmap" not in text[text.index("chain input") :]


def test_equal_objects_in_another_order_give_equal_text() -> None:
    """Nothing is loaded again because a list came back in another order."""
    policies = [policy("{podSelector: {}, ingress: [{from: [{namespaceSelector: {}}]}]}")]

    assert compile_table(policies, PODS, NAMESPACES) == compile_table(
        policies, PODS[::-1], NAMESPACES
    )


def test_overlapping_exceptions_become_one() -> None:
    """Exceptions that contain each other are joined, because nft refuses a set whose intervals overlap."""
    block = "{cidr: 0.0.0.0/0, except: [10.0.0.0/8, 10.1.0.0/16, 192.168.0.0/16]}"
    text = compile_table(
        [policy(f"{{podSelector: {{}}, ingress: [{{from: [{{ipBlock: {block}}}]}}]}}")],
        PODS,
        NAMESPACES,
    )

    assert "ip saddr != { 10.0.0.0/8, 192.168.0.0/16 }" in text


def policy(spec: str) -> Document:
    """A NetworkPolicy of namespace `a`."""
    return {"metadata": {"namespace": "a", "name": "case"}, "spec": yaml.safe_load(spec)}


def decide(isolated: Iterable[Chain], connection: str) -> str:
    """Read "source -> destination protocol/port ..." and write it again with the verdict."""
    source, _, destination, packet, _verdict = connection.split()
    sender, receiver = ADDRESSES[source], ADDRESSES[destination]
    protocol, _, port = packet.partition("/")
    ends = {Direction.EGRESS: (sender, receiver), Direction.INGRESS: (receiver, sender)}
    is_open = all(
        any(
            _admits(allow, ends[chain.direction][1], protocol.upper(), int(port or 0))
            for allow in chain.allows
        )
        for chain in isolated
        if chain.pod.ip == ends[chain.direction][0]
    )
    return f"{source} -> {destination} {packet} {'open' if is_open else 'blocked'}"


def _admits(allow: Allow, peer: str, protocol: str, port: int) -> bool:
    address = ip_address(peer)
    if allow.networks is not None and not any(
        address in ip_network(network) for network in allow.networks
    ):
        return False
    if any(address in ip_network(network) for network in allow.excluded):
        return False
    if allow.ports is None:
        return True
    if allow.ports.protocol != protocol:
        return False
    return allow.ports.first is None or allow.ports.first <= port <= (allow.ports.last or 0)
