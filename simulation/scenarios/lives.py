"""Scripts of how workspaces begin, stop, start and restart."""

from __future__ import annotations

from simulation.scenarios.table import scenario
from simulation.stage import Stage


@scenario(is_cold=True)
def boot(stage: Stage) -> None:
    """The agent starts for the first time, and has nothing to do."""
    stage.begin()
    stage.until(stage.plant.has_proxy)


@scenario(is_cold=True)
def boot_late(stage: Stage) -> None:
    """A workspace waits for the agent's first start, and the prerequisites come late."""
    stage.begin()
    stage.create()


@scenario()
def create(stage: Stage) -> None:
    """A workspace is created."""
    stage.begin()
    stage.create()


@scenario(wakes=True)
def create_for_an_agent_that_listens(stage: Stage) -> None:
    """A workspace is created for an agent that polls rarely and is woken, and then another."""
    stage.begin()
    stage.create("1")
    stage.create("2")


@scenario()
def create_without_secrets(stage: Stage) -> None:
    """A workspace is created without a variable."""
    stage.begin()
    stage.create(with_secrets=False)


@scenario()
def create_twice(stage: Stage) -> None:
    """The same creation is asked for again, once it was answered."""
    stage.begin()
    stage.create()
    stage.create()


@scenario()
def create_by_double_click(stage: Stage) -> None:
    """The same creation is asked for twice at once."""
    stage.begin()
    stage.meanwhile(stage.create)
    stage.create()


@scenario()
def create_two(stage: Stage) -> None:
    """Two workspaces come with one poll."""
    stage.begin()
    stage.create("1")
    stage.create("2")


@scenario()
def stop(stage: Stage) -> None:
    """A running workspace is stopped."""
    workspace = stage.running()
    stage.begin()
    stage.want(workspace, "Stopped")


@scenario()
def stop_twice(stage: Stage) -> None:
    """Two tabs stop the same workspace."""
    workspace = stage.running()
    stage.begin()
    stage.meanwhile(lambda: stage.want(workspace, "Stopped"))
    stage.want(workspace, "Stopped")


@scenario()
def stop_while_starting(stage: Stage) -> None:
    """A workspace is stopped before it ever ran."""
    workspace = stage.create()
    stage.until_is(workspace, "Starting")
    stage.begin()
    stage.want(workspace, "Stopped")


@scenario()
def stop_before_it_is_heard_of(stage: Stage) -> None:
    """A workspace is created and stopped between two polls."""
    workspace = stage.create()
    stage.begin()
    stage.want(workspace, "Stopped")


@scenario()
def start(stage: Stage) -> None:
    """A stopped workspace is started."""
    workspace = stage.stopped()
    stage.begin()
    stage.want(workspace, "Running")


@scenario()
def start_what_runs(stage: Stage) -> None:
    """What is wanted already is wanted again."""
    workspace = stage.running()
    stage.begin()
    stage.want(workspace, "Running")


@scenario()
def start_while_stopping(stage: Stage) -> None:
    """A workspace is wanted again before it has stopped."""
    workspace = stage.running()
    stage.want(workspace, "Stopped")
    stage.until_applied(workspace, 2)
    stage.begin()
    stage.want(workspace, "Running")


@scenario()
def stop_and_start(stage: Stage) -> None:
    """Two wishes come within one poll."""
    workspace = stage.running()
    stage.begin()
    stage.want(workspace, "Stopped")
    stage.want(workspace, "Running")


@scenario()
def restart(stage: Stage) -> None:
    """A running workspace is restarted."""
    workspace = stage.running()
    stage.begin()
    stage.want(workspace, "RestartRequested")


@scenario()
def restart_what_stopped(stage: Stage) -> None:
    """A stopped workspace is restarted."""
    workspace = stage.stopped()
    stage.begin()
    stage.want(workspace, "RestartRequested")


@scenario()
def restart_while_starting(stage: Stage) -> None:
    """A workspace is restarted before it ever ran."""
    workspace = stage.create()
    stage.until_is(workspace, "Starting")
    stage.begin()
    stage.want(workspace, "RestartRequested")


@scenario()
def restart_twice(stage: Stage) -> None:
    """Two tabs restart the same workspace."""
    workspace = stage.running()
    stage.begin()
    stage.meanwhile(lambda: stage.want(workspace, "RestartRequested"))
    stage.want(workspace, "RestartRequested")


@scenario()
def restart_raced_by_stop(stage: Stage) -> None:
    """A restart is under way when somebody stops the workspace."""
    workspace = stage.running()
    stage.want(workspace, "RestartRequested")
    stage.until_applied(workspace, 2)
    stage.begin()
    stage.want(workspace, "Stopped")


@scenario()
def restart_raced_by_start(stage: Stage) -> None:
    """A restart is under way when somebody starts the workspace."""
    workspace = stage.running()
    stage.want(workspace, "RestartRequested")
    stage.until_applied(workspace, 2)
    stage.begin()
    stage.want(workspace, "Running")


@scenario()
def restart_raced_by_termination(stage: Stage) -> None:
    """A restart and a termination are asked for at once."""
    workspace = stage.running()
    stage.begin()
    stage.meanwhile(lambda: stage.want(workspace, "RestartRequested"))
    stage.want(workspace, "Terminated")
