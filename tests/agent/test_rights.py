"""What the agent's ServiceAccount may and may not do, by its real token on a real API server."""

from __future__ import annotations

import json
from typing import Any

import pytest

from berth_agent.applier import role_binding
from berth_agent.tasks import Done
from berth_kube import kinds
from berth_kube.errors import Forbidden, Invalid, KubernetesError
from berth_kube.transport import Request
from chalicelib.wire.labels import namespace_of
from tests.agent.conftest import NAMESPACE, Installed
from tests.agent.orders import Workspace

pytestmark = pytest.mark.cluster

WORKSPACE = "(the workspace's)"

ALLOWED = [
    (verb, group, resource, name, place)
    for verbs, group, resource, name, place in [
        ("create get list watch delete", "", "namespaces", "", ""),
        ("get list watch", "", "pods", "", ""),
        ("get list watch", "", "events", "", ""),
        ("get list watch", "apps", "deployments", "", ""),
        ("get list watch", "apps", "replicasets", "", ""),
        ("create", "rbac.authorization.k8s.io", "rolebindings", "", WORKSPACE),
        ("create get patch delete", "", "secrets", "", WORKSPACE),
        ("create get patch delete", "", "persistentvolumeclaims", "", WORKSPACE),
        ("create get list patch delete", "", "configmaps", "", WORKSPACE),
        ("create get list patch delete", "", "services", "", WORKSPACE),
        ("create get list patch delete", "", "serviceaccounts", "", WORKSPACE),
        ("create get list patch delete", "", "resourcequotas", "", WORKSPACE),
        ("create get list patch delete", "", "limitranges", "", WORKSPACE),
        ("create patch delete", "apps", "deployments", "", WORKSPACE),
        ("create get list patch delete", "networking.k8s.io", "networkpolicies", "", WORKSPACE),
        ("create list watch delete", "", "configmaps", "", NAMESPACE),
        ("create", "coordination.k8s.io", "leases", "", NAMESPACE),
        ("get update", "coordination.k8s.io", "leases", "berth-agent", NAMESPACE),
        ("patch", "", "secrets", "berth-proxy", NAMESPACE),
        ("patch", "apps", "deployments", "berth-proxy", NAMESPACE),
    ]
    for verb in verbs.split()
]

DENIED = [
    (verb, group, resource, name, place)
    for verbs, group, resource, name, place in [
        ("patch update", "", "namespaces", "", ""),
        ("list watch", "", "secrets", "", WORKSPACE),
        ("list watch", "", "secrets", "", ""),
        ("get list", "", "secrets", "", "kube-system"),
        ("get patch", "", "secrets", "berth-agent", NAMESPACE),
        ("delete", "", "secrets", "berth-proxy", NAMESPACE),
        ("list", "", "persistentvolumeclaims", "", WORKSPACE),
        ("create patch delete", "apps", "deployments", "", "default"),
        ("patch", "apps", "deployments", "berth-agent", NAMESPACE),
        ("create", "", "pods", "", WORKSPACE),
        ("delete", "", "pods", "", WORKSPACE),
        ("create", "", "pods/exec", "", WORKSPACE),
        ("get", "", "pods/log", "", WORKSPACE),
        ("patch", "", "pods/ephemeralcontainers", "", WORKSPACE),
        ("create", "", "serviceaccounts/token", "", NAMESPACE),
        ("get", "", "nodes", "", ""),
        ("get", "", "nodes/proxy", "", ""),
        ("get list create", "", "persistentvolumes", "", ""),
        ("patch delete", "rbac.authorization.k8s.io", "rolebindings", "", WORKSPACE),
        ("create patch escalate", "rbac.authorization.k8s.io", "clusterroles", "", ""),
        ("create", "rbac.authorization.k8s.io", "clusterrolebindings", "", ""),
        ("bind", "rbac.authorization.k8s.io", "clusterroles", "cluster-admin", ""),
        ("impersonate", "", "users", "", ""),
        ("impersonate", "", "serviceaccounts", "", ""),
        ("create", "certificates.k8s.io", "certificatesigningrequests", "", ""),
        ("create", "admissionregistration.k8s.io", "mutatingwebhookconfigurations", "", ""),
        ("create", "apiextensions.k8s.io", "customresourcedefinitions", "", ""),
        ("*", "*", "*", "", ""),
    ]
    for verb in verbs.split()
]


def may(installed: Installed, asked: tuple[str, str, str, str, str], place: str) -> bool:
    """Ask the API server, as the agent, whether it may."""
    verb, group, resource, name, where = asked
    resource, _, part = resource.partition("/")
    attributes = {
        "verb": verb,
        "group": group,
        "resource": resource,
        "subresource": part,
        "name": name,
        "namespace": place if where == WORKSPACE else where,
    }
    body: dict[str, Any] = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = installed.agent.send(
        Request(
            "POST",
            "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
            body=json.dumps(body).encode(),
            headers={"Content-Type": "application/json"},
        )
    )
    return bool(json.loads(answer.body)["status"]["allowed"])


def test_rights_are_what_they_must_be_and_no_more(
    installed: Installed, workspace: Workspace
) -> None:
    """Each verb of both tables, asked with the agent's token where a workspace exists."""
    assert installed.applier().run(workspace.order(1)) == Done()
    place = namespace_of(workspace.id)
    missing = [asked for asked in ALLOWED if not may(installed, asked, place)]
    excessive = [asked for asked in DENIED if may(installed, asked, place)]
    assert (missing, excessive) == ([], [])


def namespace(name: str, **labels: str) -> dict[str, Any]:
    """A namespace with labels."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels},
    }


def test_namespaces_of_others_are_out_of_reach(installed: Installed) -> None:
    """The admission policy refuses what RBAC cannot: other names, and to bind a role elsewhere."""
    client = installed.client()
    elsewhere = role_binding("ws-000000000000", installed.owner)
    elsewhere["metadata"]["namespace"] = "kube-system"
    with pytest.raises((Forbidden, Invalid), match="namespaces of workspaces only"):
        client.create(elsewhere)
    with pytest.raises((Forbidden, Invalid), match="namespaces of workspaces only"):
        client.create(namespace("kube-berth", **{"berth.dev/agent-id": "ag-0"}))
    for name in ("default", "kube-system", "berth"):
        with pytest.raises(KubernetesError):
            client.delete(kinds.NAMESPACE, name)


SECURED = {
    "berth.dev/agent-id": "ag-000000000000",
    "pod-security.kubernetes.io/enforce": "restricted",
    "pod-security.kubernetes.io/enforce-version": "v1.30",
}


@pytest.mark.parametrize(
    "changes",
    [
        {"pod-security.kubernetes.io/enforce": None},
        {"pod-security.kubernetes.io/enforce": "privileged"},
        {"pod-security.kubernetes.io/enforce-version": None},
        {"pod-security.kubernetes.io/enforce-version": "v1.18"},
    ],
    ids=["unsecured", "privileged", "no version", "old version"],
)
def test_no_namespace_without_pod_security(
    installed: Installed, changes: dict[str, str | None]
) -> None:
    """A stolen token makes no namespace in which a pod may take over its node."""
    marks = {key: value for key, value in (SECURED | changes).items() if value is not None}
    with pytest.raises((Forbidden, Invalid), match="restricted pods"):
        installed.client().create(namespace("berth-ws-zzzzzzzzzzzz", **marks))


@pytest.mark.parametrize(
    "spec",
    [
        {"type": "ClusterIP", "externalIPs": ["8.8.8.8"]},
        {"type": "ExternalName", "externalName": "evil.example"},
        {"type": "NodePort"},
    ],
    ids=["external address", "external name", "node port"],
)
def test_no_service_draws_foreign_traffic(
    installed: Installed, workspace: Workspace, spec: dict[str, Any]
) -> None:
    """A Service of a workspace has a cluster address and nothing else (CVE-2020-8554)."""
    assert installed.applier().run(workspace.order(1)) == Done()
    ports = [{"port": 443, "protocol": "TCP"}]
    place = namespace_of(workspace.id)
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "drawn", "namespace": place},
        "spec": {"ports": ports} | spec,
    }
    with pytest.raises((Forbidden, Invalid), match="cluster address"):
        installed.client().create(service)


def test_the_role_goes_to_nobody_else(installed: Installed, workspace: Workspace) -> None:
    """Even in a workspace's namespace the agent can bind its role to itself only."""
    installed.applier().run(workspace.order(1))
    binding = role_binding(workspace.id, installed.owner)
    binding["metadata"]["name"] = "another"
    binding["subjects"][0]["name"] = "default"
    with pytest.raises((Forbidden, Invalid), match="to itself"):
        installed.client().create(binding)
