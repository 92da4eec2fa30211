"""Scripts of how workspaces end."""

from __future__ import annotations

from simulation.scenarios.table import HOUR, scenario
from simulation.stage import Stage


@scenario()
def terminate(stage: Stage) -> None:
    """A running workspace is terminated."""
    workspace = stage.running()
    stage.begin()
    stage.want(workspace, "Terminated")


@scenario()
def terminate_what_stopped(stage: Stage) -> None:
    """A stopped workspace is terminated."""
    workspace = stage.stopped()
    stage.begin()
    stage.want(workspace, "Terminated")


@scenario()
def terminate_before_it_is_heard_of(stage: Stage) -> None:
    """A workspace is created and terminated between two polls."""
    workspace = stage.create()
    stage.begin()
    stage.want(workspace, "Terminated")


@scenario()
def terminate_while_creating(stage: Stage) -> None:
    """A workspace is terminated while its objects are made."""
    workspace = stage.create()
    stage.until_namespace(workspace)
    stage.begin()
    stage.want(workspace, "Terminated")


@scenario()
def terminate_twice(stage: Stage) -> None:
    """Two tabs terminate the same workspace."""
    workspace = stage.running()
    stage.begin()
    stage.meanwhile(lambda: stage.want(workspace, "Terminated"))
    stage.want(workspace, "Terminated")


@scenario()
def terminate_two(stage: Stage) -> None:
    """Two workspaces end with one poll."""
    first, second = stage.running("1"), stage.running("2")
    stage.begin()
    stage.want(first, "Terminated")
    stage.want(second, "Terminated")


@scenario()
def terminate_one_of_two(stage: Stage) -> None:
    """One workspace ends while another begins."""
    first = stage.running("1")
    stage.begin()
    stage.want(first, "Terminated")
    stage.create("2")


@scenario()
def start_after_termination(stage: Stage) -> None:
    """What is terminated is not wanted again."""
    workspace = stage.running()
    stage.begin()
    stage.want(workspace, "Terminated")
    stage.want(workspace, "Running")


@scenario()
def terminate_while_the_agent_is_away(stage: Stage) -> None:
    """The agent starts after a workspace was terminated."""
    workspace = stage.running()
    stage.kill_leader()
    stage.begin()
    stage.want(workspace, "Terminated")


@scenario()
def tombstone_collected(stage: Stage) -> None:
    """The agent starts anew once nothing of a termination is left."""
    workspace = stage.running()
    stage.want(workspace, "Terminated")
    stage.until(lambda: not stage.plant.has_remains(workspace))
    stage.begin()
    stage.kill_leader()


@scenario(full_sync=20.0)
def full_sync_over_a_termination(stage: Stage) -> None:
    """A workspace is terminated while a full sync tells of it."""
    workspace = stage.running()
    stage.until_asked('"full"')
    stage.begin()
    stage.want(workspace, "Terminated")


@scenario()
def agent_retired(stage: Stage) -> None:
    """The agent is retired, and its workspaces are erased after the grace period."""
    workspace = stage.running()
    stage.office.change_organisation(orphan_grace_seconds=60)
    stage.begin()
    stage.office.retire_agent()
    stage.uninstall()
    stage.time_passes(HOUR)
    stage.is_erased(workspace)


@scenario(people=2)
def owner_leaves(stage: Stage) -> None:
    """Who owns a workspace leaves the organisation, and it ends after the grace period."""
    stage.office.change_organisation(orphan_grace_seconds=60)
    owner, stage.user = stage.user, stage.world.users[1]
    workspace = stage.running()
    stage.begin()
    stage.office.remove_member(stage.user.person.id)
    stage.user = owner
    stage.world.commits.abandoned.add(workspace)
    stage.time_passes(HOUR)
    stage.becomes(workspace, "Terminated")
