"""The chart on a real cluster: installed by the printed command, tested, upgraded, taken away."""

import json
from typing import Any

import pytest

from berth_local.site.names import CONTROL_PLANE
from chalicelib.wire import VERSION
from chalicelib.wire.labels import namespace_of
from tests.chart.site import MIRROR, NAMESPACE, HelmSite
from tests.waiting import eventually

pytestmark = pytest.mark.cluster

CLUSTER_WIDE = (
    "clusterrole",
    "clusterrolebinding",
    "validatingadmissionpolicy",
    "validatingadmissionpolicybinding",
)


def deployment(site: HelmSite, name: str) -> dict[str, Any]:
    """A Deployment of the agent's namespace."""
    (found,) = site.objects("deployment", f"--field-selector=metadata.name={name}")
    return found


@pytest.mark.parametrize("name", ["berth-agent", "berth-proxy"])
def test_both_run_as_the_values_say(site: HelmSite, name: str) -> None:
    """Agent and proxy run from the mirror, on the nodes that are meant for them, with the mirror's pull secret."""
    live = deployment(site, name)
    assert live["status"]["availableReplicas"] == 1
    (pod,) = [each for each in site.objects("pod") if each["spec"]["serviceAccountName"] == name]
    assert pod["spec"]["nodeSelector"] == {"pool": "platform"}
    assert "pool" in [each.get("key") for each in pod["spec"]["tolerations"]]
    assert pod["spec"]["imagePullSecrets"] == [{"name": "mirror"}]
    images = {each["image"] for each in pod["spec"]["containers"]}
    assert images == {f"{MIRROR}/{name}:{VERSION}"}
    (account,) = site.objects("serviceaccount", f"--field-selector=metadata.name={name}")
    assert account["metadata"]["annotations"]["example.org/team"] == "platform"


def test_the_way_out_is_the_http_proxy(site: HelmSite) -> None:
    """The control plane is reached by the HTTP proxy, the API server without it."""
    control_plane = f"{CONTROL_PLANE}:{site.names.control_plane_port}"
    eventually(lambda: control_plane in site.http_proxy.asked, "nobody asked the HTTP proxy")
    assert set(site.http_proxy.asked) == {control_plane}
    agent = site.client.get(f"/api/v1/agents/{site.agent_id}")
    assert agent["online"]


def test_the_token_is_nowhere_but_in_its_secret(site: HelmSite) -> None:
    """Helm keeps no token with the release, and the file that brought it to the cluster is gone."""
    assert "berth_agt_" not in site.helm("get", "all", "berth").stdout
    assert list(site.folder.glob("berth-*.yaml")) == []


def test_helm_test_looks_at_what_the_agent_needs(site: HelmSite) -> None:
    """It passes where the control plane takes the token and the agent leads; the log says so."""
    tested = site.helm("test", "berth", "--logs")
    assert "takes the token of" in tested.stdout
    assert "leads" in tested.stdout


def test_an_upgrade_rolls(site: HelmSite) -> None:
    """Other values make a new pod of the agent and of the proxy, and the agent is heard again."""
    before = {each["metadata"]["uid"] for each in site.objects("pod")}
    site.upgrade(
        {
            "agent": {"logLevel": "DEBUG", "resources": {"limits": {"memory": "384Mi"}}},
            "proxy": {"resources": {"requests": {"cpu": "30m"}}},
            "podDisruptionBudget": {"enabled": False},
        }
    )
    (container,) = deployment(site, "berth-agent")["spec"]["template"]["spec"]["containers"]
    assert container["resources"]["limits"]["memory"] == "384Mi"

    def rolled() -> bool:
        proxies = [
            each["spec"]["containers"][0]["resources"]["requests"]["cpu"]
            for each in site.objects("pod", "-l", "berth.dev/proxy=true")
        ]
        return proxies == ["30m"]

    eventually(rolled, "the proxy did not follow", seconds=60)
    after = {each["metadata"]["uid"] for each in site.objects("pod", "-l", "berth.dev/proxy=true")}
    assert not before & after
    assert site.objects("poddisruptionbudget") == []
    assert "leads" in site.helm("test", "berth", "--logs").stdout


def test_a_wrong_token_is_told(site: HelmSite) -> None:
    """`helm test` fails and says that the control plane does not take the token."""
    patch = {"stringData": {"token": "berth_agt_0123456789ab_0123456789ab_c2VjcmV0"}}
    site.place.kubectl(
        *("--namespace", NAMESPACE, "create", "secret", "generic", "wrong"),
        f"--from-literal=token={patch['stringData']['token']}",
    )
    site.upgrade({"existingSecret": "wrong"})
    tested = site.helm("test", "berth", "--logs", check=False)
    assert tested.returncode != 0
    assert "does not take the token" in tested.stdout
    site.upgrade({"existingSecret": "berth-agent"})


def left(site: HelmSite) -> set[str]:
    """What is left in the agent's namespace beside what others put there."""
    kinds = "deployment,replicaset,pod,service,serviceaccount,secret,configmap,networkpolicy,role"
    names = {f"{each['kind']} {each['metadata']['name']}" for each in site.objects(kinds)}
    foreign = {"ServiceAccount default", "ConfigMap kube-root-ca.crt"}
    return names - foreign - {"Secret berth-proxy-tls", "Secret wrong", "Pod berth-agent-test"}


def test_what_is_uninstalled_leaves_workspaces(site: HelmSite) -> None:
    """Helm takes all that it brought, and the proxy goes with it; the token stays, and a workspace runs on."""
    made = site.client.post(
        "/api/v1/workspaces",
        {"name": "stays", "agent_id": site.agent_id, "repository": {"url": site.repository}},
    )
    path = f"/api/v1/workspaces/{made['id']}"
    eventually(lambda: site.client.get(path)["actual"] == "Running", "it does not run", seconds=90)

    site.helm("uninstall", "berth", "--wait", "--timeout", "60s")

    for kind in CLUSTER_WIDE:
        names = [each["metadata"]["name"] for each in site.objects(kind)]
        assert [name for name in names if name.startswith("berth-")] == [], kind
    eventually(lambda: left(site) == {"Secret berth-agent"}, f"left: {left(site)}", seconds=60)
    words = ("--namespace", namespace_of(made["id"]), "get", "deployment", "-o", "json")
    (workspace,) = json.loads(site.place.kubectl(*words))["items"]
    assert workspace["status"]["availableReplicas"] == 1
