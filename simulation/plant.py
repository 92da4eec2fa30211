"""One agent's cluster, and the pods of the agent in it."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from berth_agent import tombstones
from berth_kube import kinds
from chalicelib.wire import labels
from simulation.cluster.controllers import Controllers, Weather
from simulation.cluster.rights import AGENT
from simulation.cluster.server import ApiServer, Faults
from simulation.cluster.store import Author
from simulation.installation import Tenant
from simulation.invariants.clusters import ClusterRules, is_unfinished
from simulation.pods import NAMESPACE, Pod

_HAND = Author("admin", "kubectl")
_CHANGES = ("create", "update", "patch", "delete")


@dataclass(eq=False, slots=True)
class Plant:
    """``pods``: one leads, the others stand by."""

    agent_id: str
    tenant: Tenant
    server: ApiServer
    controllers: Controllers
    rules: ClusterRules
    chance: random.Random
    token: str = field(repr=False)
    pods: list[Pod] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)

    def calm(self) -> None:
        """End what is wrong with the cluster and its pods; one healthy pod stays."""
        self.server.faults = Faults()
        self.server.refuse = None
        self.controllers.weather = Weather()
        first, *others = self.pods
        for pod in others:
            pod.leave()
        first.clock.offset = 0.0
        first.process.frozen_until = 0.0
        first.boot()

    def writes(self) -> int:
        """How often the agent asked to change something, its Lease aside."""
        return sum(
            count
            for (caller, verb, kind), count in self.server.requests.items()
            if caller == AGENT.name and verb in _CHANGES and kind != kinds.LEASE.name
        )

    def has_proxy(self) -> bool:
        """Whether the last of the proxy's objects is there."""
        return self.server.store.get(kinds.DEPLOYMENT, NAMESPACE, "berth-proxy") is not None

    def running(self, workspace_id: str) -> list[str]:
        """Names of the pods of a workspace that did not end."""
        pods = self.server.store.shelf(kinds.POD).all(labels.namespace_of(workspace_id))
        return [pod.object["metadata"]["name"] for pod in pods if is_unfinished(pod)]

    def lives(self, workspace_id: str) -> bool:
        """Whether anything of a workspace runs, or would make it run."""
        place = labels.namespace_of(workspace_id)
        deployments = list(self.server.store.shelf(kinds.DEPLOYMENT).all(place))
        return bool(deployments or self.running(workspace_id))

    def has_namespace(self, workspace_id: str) -> bool:
        """Whether a workspace's namespace is there."""
        place = labels.namespace_of(workspace_id)
        return self.server.store.get(kinds.NAMESPACE, "", place) is not None

    def has_remains(self, workspace_id: str) -> bool:
        """Whether anything of a workspace is left, its tombstone included."""
        store, place = self.server.store, labels.namespace_of(workspace_id)
        tombstone = store.get(kinds.CONFIG_MAP, NAMESPACE, tombstones.name_of(workspace_id))
        return store.get(kinds.NAMESPACE, "", place) is not None or tombstone is not None

    def plant_orphan(self) -> None:
        """Let there be a namespace with this agent's label that no record knows, as after a table
        was lost; the control plane has it removed once its grace is over."""
        workspace_id = f"ws-{self.chance.getrandbits(36):012x}"
        body = {
            "apiVersion": kinds.NAMESPACE.api_version,
            "kind": kinds.NAMESPACE.name,
            "metadata": {
                "name": labels.namespace_of(workspace_id),
                "labels": {
                    labels.MANAGED_BY: "berth",
                    labels.AGENT_ID: self.agent_id,
                    labels.WORKSPACE_ID: workspace_id,
                },
            },
        }
        self.server.registry.create(kinds.NAMESPACE, body, _HAND)
        self.orphans.append(workspace_id)

    def edit_by_hand(self) -> None:
        """Let an administrator change what the agent watches: other members heal by the next
        generation only (docs/explanation/agent.md)."""
        meddler = self.controllers.meddler
        deeds = (meddler.delete_pod, meddler.delete_deployment, meddler.relabel, meddler.scale)
        self.rules.by_hand = True
        self.chance.choice(deeds)()
        self.rules.by_hand = False
