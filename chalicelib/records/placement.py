"""Where a workspace's hot items are."""

from dataclasses import dataclass

from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.workspaces.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Placement:
    """The agent that a workspace is bound to, and its organisation."""

    organisation_id: str
    agent_id: str


def placement_of(workspace: Workspace) -> Placement:
    """Return where the workspace's hot items are."""
    return Placement(workspace.organisation_id, workspace.agent_id)


def placement_under(agent: Agent) -> Placement:
    """Return where the hot items of all workspaces of the agent are."""
    return Placement(agent.organisation_id, agent.id)
