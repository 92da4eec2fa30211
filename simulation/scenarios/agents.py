"""Scripts of what becomes of agents and of their conversation."""

from __future__ import annotations

from simulation.scenarios.table import scenario
from simulation.stage import Stage


@scenario(full_sync=20.0)
def full_sync_over_a_creation(stage: Stage) -> None:
    """A workspace is created while a full sync that does not know it is under way."""
    stage.running("1")
    stage.until_asked('"full"')
    stage.begin()
    stage.create("2")


@scenario(page=1)
def full_sync_in_pages(stage: Stage) -> None:
    """The agent starts anew and tells of two workspaces, one in each request."""
    stage.running("1")
    stage.running("2")
    stage.begin()
    stage.kill_leader()


@scenario(answer_bytes=12_000)
def answer_in_pages(stage: Stage) -> None:
    """The orders of two workspaces do not fit into one answer."""
    stage.begin()
    stage.meanwhile(lambda: stage.create("1"))
    stage.create("2")


@scenario()
def agent_restarts(stage: Stage) -> None:
    """The agent starts anew while all is as it is wanted."""
    stage.running()
    stage.begin()
    stage.kill_leader()


@scenario()
def agent_restarts_between(stage: Stage) -> None:
    """The agent starts anew between a creation and a stop."""
    workspace = stage.create()
    stage.kill_leader()
    stage.begin()
    stage.want(workspace, "Stopped")


@scenario(replicas=2)
def leader_changes(stage: Stage) -> None:
    """The other replica takes over between two wishes."""
    workspace = stage.running()
    stage.kill_leader()
    stage.begin()
    stage.want(workspace, "Stopped")


@scenario(replicas=2)
def leader_freezes(stage: Stage) -> None:
    """A leader stands still with a wish half done, and goes on when another leads."""
    workspace = stage.running()
    stage.want(workspace, "RestartRequested")
    stage.until_applied(workspace, 2)
    leader = stage.leader()
    assert leader is not None
    leader.freeze(25.0)
    stage.begin()
    stage.want(workspace, "Stopped")
    stage.pause(26.0)


@scenario()
def settings_of_the_agent_change(stage: Stage) -> None:
    """The proxy's image changes while a workspace is stopped."""
    workspace = stage.running()
    stage.begin()
    stage.office.change_agent(proxy_image="registry.example/proxy:2")
    stage.want(workspace, "Stopped")


@scenario()
def token_rotated(stage: Stage) -> None:
    """The agent gets a new token while the one before still holds."""
    workspace = stage.running()
    stage.begin()
    stage.office.rotate_token(overlap_seconds=3600)
    stage.want(workspace, "Stopped")


@scenario()
def token_revoked(stage: Stage) -> None:
    """The agent's token ends at once, and the new one comes with its next start."""
    workspace = stage.running()
    stage.begin()
    stage.office.rotate_token(overlap_seconds=0)
    stage.want(workspace, "Stopped")
    stage.kill_leader()
