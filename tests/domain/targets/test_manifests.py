"""What a plan becomes: properties that hold for every plan, and golden files for four of them."""

import dataclasses
import json
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.domain.errors import Invalid
from chalicelib.domain.organisations.settings import GitHost
from chalicelib.domain.targets import TARGETS, GuardRails, Holes, Rendered
from chalicelib.domain.targets.plan import (
    PlannedContainer,
    PlannedEndpoint,
    PlannedHook,
    PlannedMount,
    WorkspacePlan,
)
from chalicelib.domain.variables.variable import Variable, VariableKind
from tests.domain.targets import pod_security, strategies
from tests.domain.targets.leaves import leaves
from tests.golden import plans, regenerate

TARGET = TARGETS["kubernetes"]
LEAVES = json.loads((Path(regenerate.__file__).parent / "leaves.json").read_text())
ORDER = [
    "Namespace",
    "ConfigMap",
    "ResourceQuota",
    "LimitRange",
    "ServiceAccount",
    "ConfigMap",
    "PersistentVolumeClaim",
    "NetworkPolicy",
    "Service",
    "Deployment",
]
many = settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
whole_plans = strategies.plans()


def rendered(plan: WorkspacePlan, guard: GuardRails, holes: Holes) -> Rendered:
    """Render by way of the JSON that the store keeps."""
    return TARGET.render(json.loads(json.dumps(TARGET.freeze(plan))), guard, holes)


def case(name: str) -> Rendered:
    """Render a golden case."""
    chosen = plans.CASES[name]
    return rendered(chosen.plan, chosen.guard, chosen.holes)


def of_kind(result: Rendered, kind: str) -> dict[str, Any]:
    """Return the last object of a kind."""
    return [o for o in result.objects if o["kind"] == kind][-1]


def pod(result: Rendered) -> dict[str, Any]:
    """Return the pod's spec."""
    spec: dict[str, Any] = of_kind(result, "Deployment")["spec"]["template"]["spec"]
    return spec


def container(result: Rendered, name: str) -> dict[str, Any]:
    """Return a container, or one that runs before."""
    spec = pod(result)
    return next(c for c in spec["initContainers"] + spec["containers"] if c["name"] == name)


def environment(found: dict[str, Any]) -> dict[str, str]:
    """Return ``env`` as a mapping."""
    return {entry["name"]: entry["value"] for entry in found["env"]}


@pytest.mark.parametrize("name", [*plans.CASES, "proxy"])
def test_golden(name: str) -> None:
    """The objects are byte for byte what is kept (python -m tests.golden.regenerate shows more)."""
    assert regenerate.differences(name, regenerate.manifests()[name]) == ""


@many
@given(st.data(), whole_plans)
def test_pods_are_restricted(data: st.DataObject, plan: WorkspacePlan) -> None:
    """Whatever a plan says, the pod passes the restricted standard by an independent reading."""
    result = rendered(plan, data.draw(strategies.guards(plan)), data.draw(strategies.holes))
    assert list(pod_security.violations(pod(result))) == []


@pytest.mark.parametrize(
    "path, value",
    [
        (["hostNetwork"], True),
        (["shareProcessNamespace"], True),
        (["automountServiceAccountToken"], True),
        (["volumes", 0, "hostPath"], {"path": "/"}),
        (["securityContext", "seccompProfile"], {"type": "Unconfined"}),
        (["securityContext", "runAsUser"], 0),
        (["containers", 0, "securityContext", "privileged"], True),
        (["containers", 0, "securityContext", "capabilities", "add"], ["SYS_TIME"]),
        (["containers", 0, "resources", "limits"], {}),
        (["initContainers", 0, "ports"], [{"hostPort": 80}]),
        (["containers", 0, "readinessProbe", "httpGet", "host"], "169.254.169.254"),
    ],
)
def test_the_reading_of_the_standard_is_not_blind(path: list[str | int], value: Any) -> None:
    """The checker names a violation for each planted fault, and none without it."""
    spec = json.loads(json.dumps(pod(case("full"))))
    assert list(pod_security.violations(spec)) == []
    place: Any = spec
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    assert list(pod_security.violations(spec)) != []


@many
@given(st.data(), whole_plans)
def test_leaves_are_constant_or_listed(data: st.DataObject, plan: WorkspacePlan) -> None:
    """Each leaf of each object has a known path, and a known value unless it is listed as free."""
    result = rendered(plan, data.draw(strategies.guards(plan)), data.draw(strategies.holes))
    for thing in result.objects:
        trust = thing["metadata"]["name"] == "berth-trust"
        table = LEAVES[thing["kind"] + ("(trust)" if trust else "")]
        for path, value in leaves(thing):
            assert path in table, f"{thing['kind']}: {path} = {value!r}"
            assert table[path] == "*" or value in table[path], f"{thing['kind']}: {path}"


@many
@given(st.data(), whole_plans)
def test_text_of_users_stays_where_it_may_be(data: st.DataObject, plan: WorkspacePlan) -> None:
    """Namespaces, labels, annotations but two, names of objects and selectors hold no user text."""
    canary = dataclasses.replace(plan, workspace_name="canary")
    result = rendered(canary, data.draw(strategies.guards(plan)), data.draw(strategies.holes))
    places = [
        f"{thing['kind']}.{path}"
        for thing in result.objects
        for path, value in leaves(thing)
        if isinstance(value, str) and "canary" in value
    ]
    assert set(places) == {
        "Service.metadata.annotations.berth.dev/workspace-name",
        "Deployment.spec.template.spec.containers[].env[].value",
        *(
            ["Deployment.spec.template.spec.initContainers[before-start].env[].value"]
            if any(c.before_start for c in plan.containers)
            else []
        ),
    }


@many
@given(st.data(), whole_plans)
def test_lists_repeat_no_key(data: st.DataObject, plan: WorkspacePlan) -> None:
    """No list repeats the key that server-side apply merges it by: the server would refuse it."""
    result = rendered(plan, data.draw(strategies.guards(plan)), data.draw(strategies.holes))
    spec = pod(result)
    everything = spec["initContainers"] + spec["containers"]
    for keyed, key in ((everything, "name"), (spec["volumes"], "name")):
        values = [item[key] for item in keyed]
        assert len(values) == len(set(values))
    for found in everything:
        for field, key in (("env", "name"), ("volumeMounts", "mountPath")):
            values = [item[key] for item in found.get(field, [])]
            assert len(values) == len(set(values))
        mounted = {mount["name"] for mount in found["volumeMounts"]}
        assert mounted <= {volume["name"] for volume in spec["volumes"]}


@many
@given(st.data(), whole_plans)
def test_generations_restart_nobody(data: st.DataObject, plan: WorkspacePlan) -> None:
    """Neither a generation nor a changed guard rail changes the pod's template or the digest's
    meaning: the digest differs exactly when something but the generation does."""
    guard = data.draw(strategies.guards(plan))
    other = data.draw(strategies.guards(plan))
    first = rendered(plan, guard, Holes(1, 1, "d"))
    later = rendered(plan, guard, Holes(2, 1, "d"))
    stopped = rendered(plan, guard, Holes(2, 0, "d"))
    moved = rendered(plan, other, Holes(2, 1, "d"))
    assert pod(first) == pod(later) == pod(stopped) == pod(moved)
    assert first.spec_digest == later.spec_digest
    assert first.spec_digest != stopped.spec_digest
    assert of_kind(later, "Deployment")["metadata"]["annotations"]["berth.dev/generation"] == "2"
    same_rails = first.objects[2:4] == moved.objects[2:4] and of_kind(
        first, "NetworkPolicy"
    ) == of_kind(moved, "NetworkPolicy")
    trust = [o["data"] for r in (first, moved) for o in r.objects if "data" in o]
    same_trust = len(trust) < 2 or trust[0] == trust[1]
    assert (first.spec_digest == moved.spec_digest) == (same_rails and same_trust)


def quantity(text: str) -> int:
    """Read the quantities that are rendered: thousandths of a core, or MiB."""
    for suffix, factor in (("Gi", 1024), ("Mi", 1), ("m", 1)):
        if text.endswith(suffix):
            return int(text.removesuffix(suffix)) * factor
    return int(text)


@many
@given(st.data(), whole_plans)
def test_quota_admits_the_workspace(data: st.DataObject, plan: WorkspacePlan) -> None:
    """The quota is two pods of the workspace exactly, by Kubernetes's own way of counting, and the
    limit range admits its largest container and no larger one."""
    result = rendered(plan, data.draw(strategies.guards(plan)), data.draw(strategies.holes))
    hard = of_kind(result, "ResourceQuota")["spec"]["hard"]
    largest = of_kind(result, "LimitRange")["spec"]["limits"][0]["max"]
    spec = pod(result)
    for name in ("cpu", "memory", "ephemeral-storage"):
        for side in ("requests", "limits"):
            running = [quantity(c["resources"][side][name]) for c in spec["containers"]]
            before = [quantity(c["resources"][side][name]) for c in spec["initContainers"]]
            assert quantity(hard[f"{side}.{name}"]) == 2 * max(sum(running), *before)
        assert quantity(largest[name]) == max(
            quantity(c["resources"]["limits"][name])
            for c in spec["containers"] + spec["initContainers"]
        )
    claim = of_kind(result, "PersistentVolumeClaim")["spec"]["resources"]["requests"]
    assert hard["requests.storage"] == claim["storage"]


def test_order_of_application() -> None:
    """The set comes in order of application: the claim second, the acknowledgement last."""
    kinds = [thing["kind"] for thing in case("hardened").objects]
    assert kinds == ORDER
    assert [k for k in kinds if k != "ConfigMap"] == [
        thing["kind"] for thing in case("minimal").objects if thing["kind"] != "ConfigMap"
    ]


def test_parent_names_the_set() -> None:
    """The parent's identity is computed as KEP-3659 says, and every other object points to it."""
    result = case("full")
    parent = result.objects[1]
    identity = parent["metadata"]["labels"]["applyset.kubernetes.io/id"]
    # printf %s berth-ws-abcdefghjkmn.berth-ws-abcdefghjkmn.ConfigMap. | sha256sum, base64url
    assert identity == "applyset-o1wh3pq5UBiKf_uSD8Iy7e39lZlEcW5QKFbr4MgjG_8-v1"
    for member in result.objects[2:]:
        assert member["metadata"]["labels"]["applyset.kubernetes.io/part-of"] == identity
    kinds = set(
        parent["metadata"]["annotations"]["applyset.kubernetes.io/contains-group-kinds"].split(",")
    )
    for member in result.objects[1:]:
        group = member["apiVersion"].rpartition("/")[0]
        assert f"{member['kind']}.{group}".rstrip(".") in kinds


def test_secrets_carry_what_was_given() -> None:
    """Environment and file variables lie in two Secrets of fixed names; without any there is none."""
    environment_secret, files_secret = TARGET.render_secrets(
        plans.WORKSPACE_ID,
        plans.AGENT_ID,
        [
            Variable("B", VariableKind.ENVIRONMENT, "ü"),
            Variable("A", VariableKind.FILE, "x\n"),
        ],
    )
    assert environment_secret["metadata"]["name"] == "berth-environment"
    assert environment_secret["data"] == {"B": "w7w="}
    assert files_secret["metadata"]["name"] == "berth-files"
    assert files_secret["data"] == {"A": "eAo="}
    assert TARGET.render_secrets(plans.WORKSPACE_ID, plans.AGENT_ID, []) == ()
    assert case("minimal").secret_names == ()
    assert case("full").secret_names == ("berth-environment", "berth-files")


def test_variables_win_over_the_devfile() -> None:
    """A variable overrides the devfile's value: ``env`` would win over ``envFrom`` otherwise."""
    found = environment(container(case("full"), "app"))
    assert "LOG_LEVEL" not in found
    assert found["KUBECONFIG"] == "/.berth-variables/KUBECONFIG"


def test_places_of_projects_come_first() -> None:
    """The places of the projects stand first, so that later values may refer to them, and a
    devfile cannot change them."""
    found = container(case("full"), "app")["env"]
    assert [entry["name"] for entry in found[:2]] == ["PROJECTS_ROOT", "PROJECT_SOURCE"]
    assert environment(container(case("full"), "app"))["PROJECTS_ROOT"] == "/projects"


def expanded(text: str, known: dict[str, str]) -> str:
    """Expand as Kubernetes does (k8s.io/kubernetes/third_party/forked/golang/expansion)."""
    out, rest = "", text
    while rest:
        if rest.startswith("$$"):
            out, rest = out + "$", rest[2:]
        elif rest.startswith("$(") and ")" in rest and rest[2 : rest.index(")")] in known:
            out += known[rest[2 : rest.index(")")]]
            rest = rest[rest.index(")") + 1 :]
        else:
            out, rest = out + rest[0], rest[1:]
    return out


def test_commands_reach_the_program_unchanged() -> None:
    """What Kubernetes would expand in a command is escaped: the program sees the devfile's words."""
    known = {"HOME": "/wrong", "date": "/wrong"}
    result = case("full")
    hook = container(result, "before-start-1-warm-up")["command"]
    assert [expanded(word, known) for word in hook] == ["/bin/sh", "-c", "echo $$ $(date)"]
    command = json.loads(expanded(environment(container(result, "app"))["BERTH_COMMAND"], known))
    assert command == [
        "/bin/sh",
        "-c",
        'exec sleep "$TIME" # $$ and $(HOME) are the shell\'s',
    ]


def test_pre_start_commands_run_in_order_of_the_event() -> None:
    """Init containers are: tools, clone, then preStart commands in the event's order."""
    called = [c["name"] for c in pod(case("full"))["initContainers"]]
    assert called == [
        "berth-tools",
        "berth-clone",
        "before-start-0-migrate",
        "before-start-1-warm-up",
    ]


def test_policy_admits_the_proxy_alone() -> None:
    """From outside only the proxy's pods of the agent's namespace reach the public ports; while
    that namespace is unknown nobody does."""
    spec = of_kind(case("full"), "NetworkPolicy")["spec"]
    assert spec["podSelector"] == {}
    assert spec["policyTypes"] == ["Ingress", "Egress"]
    from_proxy, from_own = spec["ingress"]
    (peer,) = from_proxy["from"]
    assert set(peer) == {"namespaceSelector", "podSelector"}
    assert [port["port"] for port in from_proxy["ports"]] == [7681, 8080]
    assert from_own["from"] == [{"podSelector": {}}]
    assert [port["port"] for port in from_own["ports"]] == [5432]
    unknown = dataclasses.replace(plans.CASES["minimal"].guard, agent_namespace="")
    spec = of_kind(rendered(plans.MINIMAL, unknown, Holes(1, 1)), "NetworkPolicy")["spec"]
    assert spec["ingress"] == []


def reaches(policy: dict[str, Any], address: str, port: int, protocol: str = "TCP") -> bool:
    """Whether an address block of the policy's egress admits it, read as Kubernetes documents it."""
    target = ip_address(address)

    def within(network: str) -> bool:
        parsed = ip_network(network)
        return parsed.version == target.version and target in parsed

    for rule in policy["spec"]["egress"]:
        ports = any(
            p["protocol"] == protocol and p["port"] <= port <= p.get("endPort", p["port"])
            for p in rule["ports"]
        )
        blocks = [peer["ipBlock"] for peer in rule["to"] if "ipBlock" in peer]
        if ports and any(
            within(b["cidr"]) and not any(within(e) for e in b.get("except", [])) for b in blocks
        ):
            return True
    return False


@pytest.mark.parametrize(
    "address, port, allowed",
    [
        ("93.184.215.14", 443, True),
        ("93.184.215.14", 25, False),
        ("2606:2800:220:1::1", 443, True),
        ("169.254.169.254", 80, False),
        ("169.254.169.254", 443, False),
        ("fd00:ec2::254", 80, False),
        ("10.96.0.1", 443, False),
        ("127.0.0.1", 6443, False),
        ("::1", 6443, False),
        ("::ffff:10.0.0.1", 443, False),
        ("168.63.129.16", 80, False),
        ("3fff::1", 443, False),
        ("64:ff9b::a9fe:a9fe", 80, False),
        ("100.64.0.1", 443, False),
        ("203.0.113.5", 80, False),
        ("2001:db8:1::5", 80, False),
        ("192.0.2.7", 8443, True),
        ("10.1.2.3", 8443, True),
        ("10.1.2.3", 443, False),
        ("172.20.0.9", 9443, True),
        ("169.254.169.254", 9443, False),
        ("10.2.0.1", 8443, False),
    ],
)
def test_what_a_workspace_reaches(address: str, port: int, allowed: bool) -> None:
    """The internet and the named git hosts are reached; the cluster, private networks, metadata
    services and SMTP are not."""
    policy = of_kind(case("hardened"), "NetworkPolicy")
    assert reaches(policy, address, port) is allowed


@many
@given(strategies.git_hosts)
def test_git_hosts_never_open_metadata(hosts: tuple[GitHost, ...]) -> None:
    """Whatever an organisation names as a git host, metadata addresses stay shut."""
    guard = dataclasses.replace(plans.CASES["minimal"].guard, git_hosts=hosts)
    policy = of_kind(rendered(plans.MINIMAL, guard, Holes(1, 1)), "NetworkPolicy")
    for port in {80, 443, *(host.port for host in hosts)}:
        assert not reaches(policy, "169.254.169.254", port)
        assert not reaches(policy, "fd00:ec2::254", port)
        assert not reaches(policy, "fe80::1", port)


def test_service_tells_the_proxy() -> None:
    """The Service lists each port once with its widest exposure, and whether it is to be served."""
    service = of_kind(case("full"), "Service")
    listed = json.loads(service["metadata"]["annotations"]["berth.dev/endpoints"])
    assert [(e["port"], e["exposure"]) for e in listed] == [
        (5432, "internal"),
        (7681, "public"),
        (8080, "public"),
    ]
    assert service["metadata"]["annotations"]["berth.dev/serving"] == "true"
    stopped = of_kind(case("stopped"), "Service")
    assert stopped["metadata"]["annotations"]["berth.dev/serving"] == "false"
    assert of_kind(case("stopped"), "Deployment")["spec"]["replicas"] == 0


def refused(plan: WorkspacePlan) -> set[str]:
    """Return the codes of every problem of the plan."""
    with pytest.raises(Invalid) as caught:
        TARGET.freeze(plan)
    return {problem.code for problem in caught.value.problems} or {caught.value.code}


def test_every_problem_of_a_plan_at_once() -> None:
    """A plan that cannot become a pod is refused with all of its problems."""
    bad = PlannedContainer(
        "berth-tools",
        "i",
        endpoints=(PlannedEndpoint("e", 7681),),
        mounts=(PlannedMount("gone", "/.berth/lib"), PlannedMount("gone", "/projects")),
        after_start=(PlannedHook("h", ()),),
    )
    plan = dataclasses.replace(plans.MINIMAL, containers=(bad, bad), editor="terminal")
    assert refused(plan) == {
        "main-container",
        "container-repeated",
        "port-taken",
        "name-reserved",
        "volume-unknown",
        "path-taken",
        "path-reserved",
        "hook-empty",
    }
    assert refused(dataclasses.replace(plans.MINIMAL, editor="emacs")) == {"editor-unknown"}


def test_too_large_a_plan_is_refused() -> None:
    """A plan whose group would pass 256 KiB is refused at creation; the largest admitted fits."""
    text = "x" * 1024

    def with_values(count: int) -> WorkspacePlan:
        values = tuple((f"V{number}", text) for number in range(count))
        main = dataclasses.replace(plans.MINIMAL.containers[0], environment=values)
        return dataclasses.replace(plans.MINIMAL, containers=(main,))

    assert refused(with_values(200)) == {"workspace-too-large"}
    hosts = tuple(GitHost(f"git{n}.example.com", 443, (f"192.0.2.{n}",)) for n in range(100))
    guard = dataclasses.replace(plans.CASES["minimal"].guard, git_hosts=hosts)
    result = rendered(with_values(170), guard, Holes(1, 1))
    assert len(json.dumps(result.objects)) <= 256 * 1024
