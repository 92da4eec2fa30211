"""What one reconcile call works with, once its agent is known and not fenced."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.targets import TARGETS, GuardRails, Target
from chalicelib.ports.bundle import Ports
from chalicelib.records.placement import Placement, placement_under

STOP_AT_SECONDS = 5.0
"""With so little time left the answer is sent as it is."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """``remaining`` gives the seconds that this call may still take."""

    ports: Ports
    agent: Agent
    settings: OrganisationSettings
    remaining: Callable[[], float]

    @property
    def epoch(self) -> int:
        """Of the holder of the Lease who speaks, in its era."""
        return self.agent.epoch

    @property
    def target(self) -> Target:
        """The kind of place that the agent serves; there is one kind so far."""
        return TARGETS["kubernetes"]

    @property
    def placement(self) -> Placement:
        """Where the hot items of the agent's workspaces are."""
        return placement_under(self.agent)

    @property
    def guard(self) -> GuardRails:
        """What follows the platform at once."""
        return GuardRails(
            agent_id=self.agent.id,
            agent=self.agent.settings,
            agent_namespace=self.agent.namespace,
            git_hosts=self.settings.git_hosts,
        )

    def is_out_of_time(self) -> bool:
        """Whether to stop here and let the agent ask again."""
        return self.remaining() < STOP_AT_SECONDS
