"""What Helm makes of the chart, without a cluster."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.manifest import CHART, MANIFEST, render

pytestmark = pytest.mark.cluster

LEAST: dict[str, Any] = {
    "controlPlane": {"url": "https://berth.example.org"},
    "existingSecret": "berth-agent",
}


def template(helm: Path, values: dict[str, Any]) -> subprocess.CompletedProcess[str]:
    """Render the chart."""
    return subprocess.run(
        [helm, "template", "berth", CHART, "--namespace", "elsewhere", "--values", "-"],
        input=json.dumps(values),
        capture_output=True,
        text=True,
        check=False,
    )


def rendered(helm: Path, **values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The objects by kind and name."""
    done = template(helm, LEAST | values)
    assert done.returncode == 0, done.stderr
    objects = [each for each in yaml.safe_load_all(done.stdout) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in objects}


def pod_of(objects: dict[tuple[str, str], dict[str, Any]]) -> dict[str, Any]:
    """The agent's pod."""
    pod: dict[str, Any] = objects["Deployment", "berth-agent"]["spec"]["template"]["spec"]
    return pod


def test_the_manifest_is_what_helm_renders(helm: Path) -> None:
    """`infra/kubernetes/agent.yaml` is the chart, rendered, and nobody's own writing."""
    assert render(helm) == MANIFEST.read_text()


def test_the_chart_has_no_fault(helm: Path) -> None:
    """Helm's own linter finds nothing, strictly."""
    words = [str(helm), "lint", "--strict", str(CHART), "--values", "-"]
    done = subprocess.run(
        words, input=json.dumps(LEAST), capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    "values, said",
    [
        ({"controlPlane": LEAST["controlPlane"]}, "`berth agent install` makes one"),
        (LEAST | {"token": "berth_agt_0_0_0"}, "token and existingSecret are both given"),
        (
            LEAST
            | {"authorities": {"pem": "-----BEGIN CERTIFICATE-----", "existingConfigMap": "x"}},
            "authorities.pem and authorities.existingConfigMap are both given",
        ),
        (LEAST | {"nodeSelector": {}}, "additional properties 'nodeSelector' not allowed"),
    ],
    ids=["no token", "two tokens", "two authorities", "unknown"],
)
def test_wrong_values_are_refused_in_words(helm: Path, values: dict[str, Any], said: str) -> None:
    """What cannot be meant renders nothing, and the message says what to do."""
    done = template(helm, values)
    assert done.returncode != 0
    assert done.stdout == ""
    assert said in done.stderr


@pytest.mark.parametrize(
    "image, reference",
    [
        ({}, "localhost/berth-agent:0.1.0"),
        ({"tag": "1"}, "localhost/berth-agent:1"),
        ({"digest": f"sha256:{0:064x}"}, f"localhost/berth-agent@sha256:{0:064x}"),
        (
            {"tag": "1", "digest": f"sha256:{0:064x}"},
            f"localhost/berth-agent:1@sha256:{0:064x}",
        ),
    ],
)
def test_the_image_is_named_by_tag_and_digest(
    helm: Path, image: dict[str, str], reference: str
) -> None:
    """The tag is the chart's version where neither is given."""
    (container,) = pod_of(rendered(helm, image=image))["containers"]
    assert container["image"] == reference


def test_every_pod_is_hardened(helm: Path) -> None:
    """Agent and test run as nobody, write nowhere, may nothing, and mount no token that they do not need."""
    objects = rendered(helm)
    for pod in (pod_of(objects), objects["Pod", "berth-agent-test"]["spec"]):
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in pod["containers"]:
            limits = container["securityContext"]
            assert limits["capabilities"] == {"drop": ["ALL"]}
            assert (limits["readOnlyRootFilesystem"], limits["privileged"]) == (True, False)
            assert not limits["allowPrivilegeEscalation"]
    accounts = [each for (kind, _), each in objects.items() if kind == "ServiceAccount"]
    assert [each["automountServiceAccountToken"] for each in accounts] == [False, False]
    (agent,) = pod_of(objects)["containers"]
    assert {"livenessProbe", "readinessProbe"} <= set(agent)


def test_a_token_that_is_given_is_kept_in_a_secret(helm: Path) -> None:
    """The chart makes the Secret where there is no other; the pod mounts whichever there is."""
    token = "berth_agt_0123456789ab_0123456789ab_c2VjcmV0"
    own = rendered(helm, existingSecret="", token=token)
    assert ("Secret", "berth-agent") in own
    other = rendered(helm, existingSecret="mine")
    assert not [name for kind, name in other if kind == "Secret"]
    (volume, _) = pod_of(other)["volumes"]
    assert volume["projected"]["sources"][0]["secret"]["name"] == "mine"


def test_authorities_come_from_a_file_or_a_config_map(helm: Path) -> None:
    """Both are mounted where the agent looks, and a changed file makes a new pod."""
    one, two = (
        rendered(helm, authorities={"pem": f"-----BEGIN CERTIFICATE-----\n{n}"}) for n in "12"
    )
    marks = [
        each["Deployment", "berth-agent"]["spec"]["template"]["metadata"]["annotations"]
        for each in (one, two)
    ]
    assert marks[0] != marks[1]
    given = rendered(helm, authorities={"existingConfigMap": "trust", "key": "bundle.crt"})
    for objects, name, key in (
        (one, "berth-agent-authorities", "ca.pem"),
        (given, "trust", "bundle.crt"),
    ):
        source = pod_of(objects)["volumes"][0]["projected"]["sources"][1]["configMap"]
        assert source == {"name": name, "items": [{"key": key, "path": "ca.pem"}]}
    assert ("ConfigMap", "trust") not in given


def test_policies_open_the_ports_that_are_needed(helm: Path) -> None:
    """The ports of the control plane, of the HTTP proxy and of the API server, and DNS; without policies, none."""
    objects = rendered(
        helm,
        controlPlane={"url": "https://berth.example.org:8443"},
        httpProxy={"url": "http://proxy.example.org:3128"},
        networkPolicy={"apiServerPorts": [16443]},
    )
    for name in ("berth-agent", "berth-proxy"):
        (rule, *_) = objects["NetworkPolicy", name]["spec"]["egress"]
        assert [each["port"] for each in rule["ports"]] == [53, 53, 8443, 3128, 16443]
    open_to_all = rendered(helm, networkPolicy={"enabled": False})
    assert not [name for kind, name in open_to_all if kind == "NetworkPolicy"]


def test_the_proxy_can_be_left_out(helm: Path) -> None:
    """Then it has no account and no rights, and the agent none on it, and is told not to install it."""
    objects = rendered(helm, proxy={"enabled": False}, podDisruptionBudget={"enabled": True})
    kinds = {kind for kind, name in objects if name == "berth-proxy"}
    assert kinds == {"NetworkPolicy"}
    assert "berth-proxy" not in json.dumps(objects["Role", "berth-agent"])
    (container,) = pod_of(objects)["containers"]
    assert {"name": "BERTH_PROXY", "value": "off"} in container["env"]


def test_the_admission_policy_names_the_namespace(helm: Path) -> None:
    """Installed elsewhere than in `berth`, the policy still speaks of the agent's own account."""
    policy = rendered(helm)["ValidatingAdmissionPolicy", "berth-agent"]
    assert (
        "serviceaccount:elsewhere:berth-agent" in policy["spec"]["matchConditions"][0]["expression"]
    )
    assert 'subject.namespace == "elsewhere"' in json.dumps(policy).replace('\\"', '"')
