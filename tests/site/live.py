"""What is really in the cluster, read as its administrator and past Berth."""

import json
from datetime import datetime
from typing import Any

from berth_kube.connection import Connection
from berth_kube.kinds import (
    CONFIG_MAP,
    DEPLOYMENT,
    EVENT,
    LIMIT_RANGE,
    NETWORK_POLICY,
    POD,
    RESOURCE_QUOTA,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    VOLUME_CLAIM,
    Kind,
)
from berth_kube.transport import Request
from berth_local.cluster.cluster import Cluster
from chalicelib.wire.labels import namespace_of

Object = dict[str, Any]

APPLIED = (
    CONFIG_MAP,
    DEPLOYMENT,
    LIMIT_RANGE,
    NETWORK_POLICY,
    RESOURCE_QUOTA,
    ROLE_BINDING,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    VOLUME_CLAIM,
)
"""The kinds that the agent writes in a workspace's namespace."""


class Live:
    """One workspace's namespace."""

    def __init__(self, cluster: Cluster, connection: Connection, workspace_id: str) -> None:
        self._cluster = cluster
        self._connection = connection
        self.namespace = namespace_of(workspace_id)

    def kubectl(self, *words: str, text_input: str | None = None) -> str:
        """Run kubectl in the namespace."""
        done = self._cluster.kubectl("--namespace", self.namespace, *words, text_input=text_input)
        return done.stdout

    def exec(self, *words: str, container: str = "main") -> str:
        """Run a command inside the workspace; what it printed. Raises ClusterError when it fails."""
        return self.kubectl("exec", "deployment/workspace", "-c", container, "--", *words)

    def every(self, kind: Kind) -> list[Object]:
        """All objects of a kind."""
        answer = self._connection.send(Request("GET", kind.path(self.namespace)))
        assert answer.status == 200, answer.body
        items: list[Object] = json.loads(answer.body)["items"]
        return items

    def get(self, kind: Kind, name: str) -> Object | None:
        """One object; None when there is none."""
        answer = self._connection.send(Request("GET", kind.path(self.namespace, name)))
        if answer.status == 404:
            return None
        assert answer.status == 200, answer.body
        found: Object = json.loads(answer.body)
        return found

    def pods(self) -> list[Object]:
        """All pods."""
        return self.every(POD)

    def pod(self) -> Object:
        """The one pod."""
        (pod,) = self.pods()
        return pod

    def exists(self) -> bool:
        """Whether the namespace is there."""
        path = f"/api/v1/namespaces/{self.namespace}"
        return self._connection.send(Request("GET", path)).status == 200

    def versions(self) -> dict[str, str]:
        """Resource version by kind and name of all that the agent writes."""
        return {
            f"{kind.name}/{each['metadata']['name']}": each["metadata"]["resourceVersion"]
            for kind in APPLIED
            for each in self.every(kind)
        }

    # When the cluster knew: seconds since the epoch, None while it does not.

    def condition_at(self, type_: str, status: str) -> float | None:
        """Since when the Deployment has a condition."""
        deployment = self.get(DEPLOYMENT, "workspace")
        return None if deployment is None else _condition_at(deployment, type_, status)

    def pod_condition_at(self, type_: str, status: str) -> float | None:
        """Since when a pod has a condition."""
        return _earliest(_condition_at(pod, type_, status) for pod in self.pods())

    def event_at(self, reason: str, words: str = "") -> float | None:
        """When an event with this reason, and these words in its message, was told first."""
        return _earliest(
            moment(event.get("firstTimestamp") or event.get("eventTime"))
            for event in self.every(EVENT)
            if event["reason"] == reason and words in event["message"]
        )

    def init_failed_at(self, container: str) -> float | None:
        """When an init container ended badly, as far as its status still tells."""
        return _earliest(
            moment(state["terminated"]["finishedAt"])
            for pod in self.pods()
            for status in pod["status"].get("initContainerStatuses", [])
            for state in (status["state"], status["lastState"])
            if status["name"] == container and state.get("terminated", {}).get("exitCode")
        )


def moment(stamp: str | None) -> float | None:
    """RFC 3339 as seconds since the epoch. Kubernetes cuts most of its stamps to whole seconds."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


def _condition_at(owner: Object, type_: str, status: str) -> float | None:
    return _earliest(
        moment(each["lastTransitionTime"])
        for each in owner.get("status", {}).get("conditions", [])
        if (each["type"], each["status"]) == (type_, status)
    )


def _earliest(moments: Any) -> float | None:
    return min((each for each in moments if each is not None), default=None)
