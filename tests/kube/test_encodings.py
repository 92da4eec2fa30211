"""What protobuf says of an object is what JSON says of it, as a real API server says both."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from berth_kube import kinds, projections
from berth_kube.client import Client
from berth_kube.connection import Connection, connect
from berth_kube.errors import KubernetesError
from berth_kube.kinds import Kind
from berth_kube.messages import JSON, Mark, Sighting, readers
from berth_kube.protobuf import CONTENT_TYPE
from berth_kube.transport import Request
from berth_local.cluster.cluster import Cluster
from chalicelib.wire import labels

pytestmark = pytest.mark.cluster

PLACE = "encodings"
OURS = {
    "labels": {labels.AGENT_ID: "agt-000000000001", labels.WORKSPACE_ID: "ws-000000000001"},
    "annotations": {labels.GENERATION: "7", labels.ENDPOINTS: '[{"name": "wéb"}]'},
}
THEN = "2026-01-02T03:04:05Z"
CONTAINER = {"name": "one", "image": "example/one"}
STATUSES: dict[Kind, dict[str, Any]] = {
    kinds.POD: {
        "phase": "Pending",
        "reason": "Waiting",
        "message": "it waits",
        "conditions": [
            {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no room"},
            {"type": "Ready", "status": "True"},
        ],
        "initContainerStatuses": [
            {
                **CONTAINER,
                "imageID": "",
                "restartCount": 1,
                "ready": False,
                "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}},
                "lastState": {"terminated": {"exitCode": 3, "reason": "Error", "message": "fatal"}},
            }
        ],
        "containerStatuses": [
            {
                **CONTAINER,
                "imageID": "",
                "restartCount": 0,
                "ready": True,
                "state": {"running": {"startedAt": THEN}},
            }
        ],
    },
    kinds.DEPLOYMENT: {
        "observedGeneration": 1,
        "replicas": 3,
        "updatedReplicas": 2,
        "readyReplicas": 1,
        "availableReplicas": 1,
        "conditions": [
            {"type": "Progressing", "status": "True", "reason": "NewReplicaSet", "message": "soon"}
        ],
    },
}  # fmt: skip
SPECS: dict[Kind, dict[str, Any]] = {
    kinds.CONFIG_MAP: {"data": {"key": "value", "other": ""}},
    kinds.SERVICE: {
        "spec": {"clusterIP": "None", "ports": [{"name": "web", "port": 80}, {"name": "x", "port": 81}]}
    },
    kinds.POD: {"spec": {"containers": [CONTAINER], "automountServiceAccountToken": False}},
    kinds.DEPLOYMENT: {
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": "x"}},
            "template": {
                "metadata": {"labels": {"app": "x"}},
                "spec": {"containers": [CONTAINER]},
            },
        }
    },
    kinds.EVENT: {
        "involvedObject": {
            "kind": "Pod",
            "namespace": PLACE,
            "name": "one",
            "uid": "u",
            "fieldPath": "spec.containers{one}",
        },
        "reason": "Failed",
        "message": "it failed",
        "type": "Warning",
        "count": 2,
        "lastTimestamp": THEN,
        "eventTime": "2026-01-02T03:04:05.000067Z",
        "series": {"count": 3, "lastObservedTime": "2026-01-02T03:04:06.500000Z"},
        "reportingComponent": "example.com/tests",
        "reportingInstance": "x",
        "action": "Test",
    },
}  # fmt: skip
PROJECTIONS: dict[Kind, type[Any]] = {
    kinds.NAMESPACE: projections.Namespace,
    kinds.CONFIG_MAP: projections.ConfigMap,
    kinds.SERVICE: projections.Service,
    kinds.POD: projections.Pod,
    kinds.DEPLOYMENT: projections.Deployment,
    kinds.EVENT: projections.Event,
}


@pytest.fixture(scope="module")
def admin(control_cluster: Cluster) -> Iterator[Connection]:
    """A connection to a cluster with one object of each kind that is told much of, and one of nothing."""
    connection = connect(str(control_cluster.kubeconfig))
    client = Client(connection, manager="encodings")
    client.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": PLACE, **OURS}})
    account = {"name": "default", "namespace": PLACE}
    client.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": account})
    for kind, spec in SPECS.items():
        for name, told in (("rich", {**OURS, "finalizers": ["example.com/held"]}), ("poor", {})):
            client.apply(_object(kind, name, told) | spec)
        if kind in STATUSES:
            _tell(connection, kind, STATUSES[kind])
        client.delete(kind, "rich", namespace=PLACE)
    yield connection
    control_cluster.kubectl("delete", "namespace", PLACE, "--wait=false")


def _object(kind: Kind, name: str, metadata: dict[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": PLACE, **metadata}
    return {"apiVersion": kind.api_version, "kind": kind.name, "metadata": metadata}


def _tell(connection: Connection, kind: Kind, status: dict[str, Any]) -> None:
    path = kind.path(PLACE, "rich") + "/status"
    body = json.dumps({"status": status}).encode()
    headers = {"Content-Type": "application/merge-patch+json"}
    answer = connection.send(Request("PATCH", path, {}, body, headers))
    assert answer.status == 200, answer.body


def _initial(admin: Connection, kind: Kind, content_type: str) -> list[Sighting[Any] | Mark]:
    """All that a watch says until its list is complete."""
    client = Client(admin, manager="encodings")
    namespace = PLACE if kind.namespaced else ""
    query = {"sendInitialEvents": "true", "resourceVersionMatch": "NotOlderThan"}
    query |= {"allowWatchBookmarks": "true", "timeoutSeconds": "30"}
    reader = readers(PROJECTIONS[kind], kind.name)[content_type]
    told: list[Sighting[Any] | Mark] = []
    with client.watch(
        kind, query, namespace=namespace, silence=20.0, accept=[content_type]
    ) as stream:
        assert stream.content_type == content_type
        for message in stream:
            told.append(reader.read(message))
            if isinstance(told[-1], Mark) and told[-1].completes:
                return told
    raise AssertionError(f"the list of {kind.plural} was never complete: {told}")


@pytest.mark.parametrize("kind", PROJECTIONS, ids=lambda kind: kind.plural)
def test_both_encodings_say_the_same(admin: Connection, kind: Kind) -> None:
    """Every field of a projection, set or absent, is equal from protobuf and from JSON."""
    binary, text = (_initial(admin, kind, each) for each in (CONTENT_TYPE, JSON))
    assert [each for each in binary if isinstance(each, Sighting)] == [
        each for each in text if isinstance(each, Sighting)
    ]


@pytest.mark.parametrize("kind", SPECS, ids=lambda kind: kind.plural)
def test_nothing_of_the_rich_one_is_a_default(admin: Connection, kind: Kind) -> None:
    """The comparison compares something: each field of the rich object says what was told of it."""
    found = [
        each.item
        for each in _initial(admin, kind, CONTENT_TYPE)
        if isinstance(each, Sighting) and each.item.metadata.name == "rich"
    ]
    plain = msgspec.to_builtins(found[0])
    assert plain["metadata"]["deletionTimestamp"].endswith("Z")
    assert plain["metadata"]["labels"][labels.AGENT_ID] == "agt-000000000001"
    assert plain["metadata"]["annotations"][labels.ENDPOINTS] == '[{"name": "wéb"}]'
    _holds(plain.get("status", {}), STATUSES.get(kind, {}))
    _holds(plain, SPECS[kind])


def _holds(found: Any, told: Any) -> None:
    """All that was told and is projected was found."""
    if isinstance(told, dict):
        for name in told.keys() & found.keys():
            _holds(found[name], told[name])
    elif isinstance(told, list):
        assert len(found) == len(told)
        for one, other in zip(found, told, strict=True):
            _holds(one, other)
    else:
        assert found == told


@pytest.mark.parametrize("path", ["/api/v1/pods", "/apis/example.com/v1/nothings"])
def test_refusals_are_understood_in_both(admin: Connection, path: str) -> None:
    """An API server that refuses in protobuf is as clear as one that refuses in JSON."""
    query = {"watch": "1", "fieldSelector": "no=field"}
    told = []
    for content_type in (CONTENT_TYPE, JSON):
        request = Request("GET", path, query, headers={"Accept": content_type})
        with pytest.raises(KubernetesError) as refused, admin.stream(request):
            pass
        told.append((type(refused.value), refused.value.status, refused.value.message))
    assert told[0] == told[1]
