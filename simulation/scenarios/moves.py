"""Scripts of workspaces that go from one agent to another, and of agents that are emptied."""

from __future__ import annotations

from simulation.scenarios.table import scenario
from simulation.stage import Stage


@scenario(agents=2)
def move(stage: Stage) -> None:
    """A running workspace is moved to the other agent."""
    workspace = stage.running()
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.until(lambda: stage.is_at(workspace, stage.other))


@scenario(agents=2)
def move_what_stopped(stage: Stage) -> None:
    """A stopped workspace is moved, and stays stopped."""
    workspace = stage.stopped()
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.until(lambda: stage.is_at(workspace, stage.other))


@scenario(agents=2)
def move_before_it_is_heard_of(stage: Stage) -> None:
    """A workspace is created and moved between two polls."""
    workspace = stage.create()
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.until(lambda: stage.is_at(workspace, stage.other))


@scenario(agents=2)
def move_there_and_back(stage: Stage) -> None:
    """A workspace is moved, and back again as soon as it has left."""
    workspace = stage.running()
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.until(lambda: stage.is_at(workspace, stage.other))
    stage.move(workspace, stage.plant.agent_id)
    stage.until(lambda: stage.is_at(workspace, stage.plant))


@scenario(agents=2)
def move_called_off(stage: Stage) -> None:
    """A move is called off while the agent removes the workspace."""
    workspace = stage.running()
    stage.move(workspace, stage.other.agent_id)
    stage.until_asked('"tombstone":2')
    stage.begin()
    stage.call_off(workspace)


@scenario(agents=2)
def move_called_off_at_once(stage: Stage) -> None:
    """A move is asked for and called off between two polls."""
    workspace = stage.running()
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.call_off(workspace)


@scenario(agents=2)
def move_raced_by_termination(stage: Stage) -> None:
    """A workspace is moved and terminated at once."""
    workspace = stage.running()
    stage.begin()
    stage.meanwhile(lambda: stage.move(workspace, stage.other.agent_id))
    stage.want(workspace, "Terminated")


@scenario(agents=2)
def move_to_an_agent_that_retires(stage: Stage) -> None:
    """The agent that a workspace goes to is retired before the workspace has left."""
    workspace = stage.running()
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.office.tend("retire", stage.other)


@scenario(agents=2)
def move_to_an_agent_that_is_drained(stage: Stage) -> None:
    """The agent that a workspace goes to is drained before the workspace has left."""
    workspace = stage.running()
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.office.tend("drain", stage.other)
    stage.becomes(workspace, "Stopped")


@scenario(agents=2, quota_per_agent=1)
def move_raced_by_creation(stage: Stage) -> None:
    """A move and a creation race for the other agent's last place."""
    workspace = stage.running("1")
    agent_id = stage.agent_id
    stage.begin()
    stage.agent_id = stage.other.agent_id
    stage.meanwhile(lambda: stage.create("2"))
    stage.move(workspace, stage.other.agent_id)
    stage.agent_id = agent_id


@scenario(agents=2)
def leader_dies_while_it_moves(stage: Stage) -> None:
    """The agent that is left starts anew with the removal half done."""
    workspace = stage.running()
    stage.move(workspace, stage.other.agent_id)
    stage.until(lambda: not stage.plant.running(workspace))
    stage.kill_leader()
    stage.begin()
    stage.until(lambda: stage.is_at(workspace, stage.other))


@scenario()
def drain(stage: Stage) -> None:
    """An agent is drained, and what it has is stopped."""
    first, second = stage.running("1"), stage.running("2")
    stage.begin()
    stage.office.tend("drain")
    stage.becomes(first, "Stopped")
    stage.becomes(second, "Stopped")


@scenario()
def drain_raced_by_start(stage: Stage) -> None:
    """An agent is drained while a stopped workspace is started there."""
    workspace = stage.stopped()
    stage.begin()
    stage.meanwhile(lambda: stage.want(workspace, "Running"))
    stage.office.tend("drain")
    stage.becomes(workspace, "Stopped")


@scenario()
def cordon_raced_by_creation(stage: Stage) -> None:
    """An agent is cordoned while a workspace is created there."""
    stage.begin()
    stage.meanwhile(stage.create)
    stage.office.tend("cordon")


@scenario(agents=2, replicas=2)
def move_called_off_while_a_leader_stands_still(stage: Stage) -> None:
    """A leader stands still in the middle of a removal that is called off meanwhile, and goes on."""
    workspace = stage.running()
    stage.move(workspace, stage.other.agent_id)
    stage.until(lambda: not stage.plant.running(workspace))
    leader = stage.leader()
    assert leader is not None
    leader.freeze(25.0)
    stage.begin()
    stage.call_off(workspace)
    stage.pause(26.0)


@scenario(agents=2, replicas=2)
def move_and_back_past_a_leader_that_stands_still(stage: Stage) -> None:
    """The leader of the agent that is left stands still before it has heard of the move, and goes on
    when the workspace is back."""
    workspace = stage.running()
    leader = stage.leader()
    assert leader is not None
    leader.freeze(40.0)
    stage.begin()
    stage.move(workspace, stage.other.agent_id)
    stage.until(lambda: stage.is_at(workspace, stage.other))
    stage.move(workspace, stage.plant.agent_id)
    stage.until(lambda: stage.is_at(workspace, stage.plant))
    stage.pause(20.0)
