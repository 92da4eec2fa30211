"""What the rules may ask of a world: who acts just now, and what the clusters have seen."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.gateway import Call, Gateway
from simulation.plant import Plant
from simulation.scheduler import Scheduler


class Sight:
    """Whatever the control plane believes, this is how it is."""

    def __init__(self, scheduler: Scheduler, gateway: Gateway, plants: Sequence[Plant]) -> None:
        self._scheduler = scheduler
        self._gateway = gateway
        self._plants = plants

    def call(self) -> Call | None:
        """Return the request that is being worked on just now."""
        if not self._scheduler.in_task:
            return None
        return self._gateway.running.get(self._scheduler.current.process)

    def writer(self) -> str:
        """Return who acts just now: ``person``, ``agent`` or ``sweep``."""
        if self._scheduler.in_task and self._scheduler.current.process.name.startswith("sweep"):
            return "sweep"
        call = self.call()
        return "agent" if call is not None and call.resource.startswith("/agent/") else "person"

    def key(self) -> str:
        """Return the idempotency key of the request, or nothing."""
        call = self.call()
        return "" if call is None else call.headers.get("Idempotency-Key", "")

    def has_stopped(self, workspace_id: str, generation: int) -> bool:
        """Whether a workspace ever stood without a pod in this generation."""
        return any(each.rules.has_stopped(workspace_id, generation) for each in self._plants)

    def was_buried(self, workspace_id: str, generation: int) -> bool:
        """Whether a tombstone of this generation ever stood for a workspace."""
        return any(each.rules.was_buried(workspace_id, generation) for each in self._plants)

    def was_buried_by(self, workspace_id: str, generation: int) -> bool:
        """Whether a tombstone of this or an earlier generation ever stood for a workspace."""
        return any(each.rules.was_buried_by(workspace_id, generation) for each in self._plants)

    def applied(self, workspace_id: str) -> int:
        """Return the highest generation that a workspace ever had in a cluster."""
        return max(each.rules.applied(workspace_id) for each in self._plants)

    def is_at(self, workspace_id: str, agent_id: str) -> bool:
        """Whether anything of a workspace is in an agent's cluster."""
        return any(
            each.has_namespace(workspace_id) for each in self._plants if each.agent_id == agent_id
        )

    def living_at(self, workspace_id: str, *, but: str) -> str:
        """Return another agent that has a Deployment or a pod of a workspace; empty where none has."""
        others = (each for each in self._plants if each.agent_id != but)
        return next((each.agent_id for each in others if each.lives(workspace_id)), "")

    def asked(self, workspace_id: str) -> None:
        """Let every cluster know that a person wants something of a workspace."""
        for plant in self._plants:
            plant.rules.asked(workspace_id)
