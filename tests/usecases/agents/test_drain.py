"""Cordoning and draining an agent."""

from functools import partial

import pytest

from chalicelib.domain.access.roles import Role
from chalicelib.domain.errors import Clash, Forbidden, Invalid
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.records import audit, drains, keys
from chalicelib.usecases.agents.change import cordon_agent, retire_agent, uncordon_agent
from chalicelib.usecases.agents.drain import Drain, drain_agent
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.sweep import sweep
from tests.builders import PaperCluster, World, add_agent, add_member, create, state_of

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED
RESTART = DesiredState.RESTART_REQUESTED


def wish(world: World, workspace_id: str, desired: DesiredState) -> None:
    change_workspace(world.ports, world.person, workspace_id, desired)


def cordon(world: World) -> None:
    cordon_agent(world.ports, world.person, world.agent_id)


def uncordon(world: World) -> None:
    uncordon_agent(world.ports, world.person, world.agent_id)


def drain(world: World, seconds: float = 20.0) -> Drain:
    """Ask for a drain that has so long."""
    return drain_agent(world.ports, world.person, world.agent_id, remaining=lambda: seconds)


def actions(world: World) -> list[str]:
    """What was written down of the agent."""
    page = audit.load_page(
        world.store, world.organisation.id, subject=world.agent_id, after=None, limit=50
    )
    return [record.action for record in page.records]


def test_a_cordoned_agent_takes_nothing_new_and_goes_on_with_what_it_has(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A creation there is refused by name; what is there stops, starts and restarts as before."""
    cluster.settle()
    cordon(world)
    with pytest.raises(Invalid) as refused:
        create(world, "another")
    assert [problem.code for problem in refused.value.problems] == ["agent-cordoned"]
    for desired in (STOPPED, RUNNING, RESTART):
        wish(world, workspace_id, desired)
        cluster.settle()
    assert state_of(world, workspace_id).actual is ActualState.RUNNING
    uncordon(world)
    create(world, "another")
    assert actions(world) == ["agents:cordon", "agents:uncordon"]


def test_a_creation_that_meets_the_cordon_is_refused_and_counts_nothing(world: World) -> None:
    """A cordon that comes between the look at the agent and the write holds."""
    world.store.meanwhile = partial(cordon, world)
    with pytest.raises(Invalid) as refused:
        create(world, "late")
    assert [problem.code for problem in refused.value.problems] == ["agent-cordoned"]
    assert world.store.get(keys.agent_quota(world.organisation.id, world.agent_id)) is None


def test_a_creation_that_meets_the_retirement_is_refused(world: World) -> None:
    """An agent that is retired in between gets nothing that nobody would ever run."""
    world.store.meanwhile = partial(retire_agent, world.ports, world.person, world.agent_id)
    with pytest.raises(Invalid) as refused:
        create(world, "late")
    assert [problem.code for problem in refused.value.problems] == ["no-such-agent"]


def test_cordoning_twice_is_one_change(world: World) -> None:
    """What is so already leaves no second record."""
    cordon(world)
    cordon(world)
    uncordon(world)
    uncordon(world)
    assert actions(world) == ["agents:cordon", "agents:uncordon"]


@pytest.mark.parametrize("role", [Role.DEVELOPER, Role.AUDITOR])
def test_only_owners_cordon_and_drain(world: World, role: Role) -> None:
    """Who may not change agents may not do this."""
    world.person = add_member(world.ports, world.organisation.id, "usr-000000000002", role)
    for act in (cordon, uncordon, drain):
        with pytest.raises(Forbidden):
            act(world)


def test_a_drain_stops_what_runs_and_tells_what_is_left(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Running, starting and restarting workspaces are stopped; stopped ones are left alone."""
    stopped, restarting = create(world, "stopped"), create(world, "restarting")
    wish(world, stopped, STOPPED)
    cluster.settle()
    generation = state_of(world, stopped).generation
    wish(world, restarting, RESTART)
    begun = drain(world)
    assert (begun.agent.cordoned, begun.unasked, begun.stopping) == (True, 0, 2)
    for each in (workspace_id, restarting):
        assert state_of(world, each).desired is STOPPED
    cluster.settle()
    assert {live.replicas for live in cluster.live.values()} == {0}
    assert (drain(world).unasked, drain(world).stopping) == (0, 0)
    assert state_of(world, stopped).generation == generation
    assert actions(world) == ["agents:drain"]


@pytest.mark.parametrize("desired", [RUNNING, RESTART])
def test_nothing_starts_on_an_agent_that_is_drained(
    world: World, cluster: PaperCluster, workspace_id: str, desired: DesiredState
) -> None:
    """A start is refused with what helps; stopping and terminating go on; an uncordon ends it."""
    drain(world)
    cluster.settle()
    with pytest.raises(Clash) as refused:
        wish(world, workspace_id, desired)
    assert refused.value.code == "agent-draining"
    uncordon(world)
    wish(world, workspace_id, desired)
    cluster.settle()
    drain(world)
    wish(world, workspace_id, STOPPED)
    terminate_workspace(world.ports, world.person, workspace_id)
    cluster.settle()
    assert state_of(world, workspace_id).actual is ActualState.TERMINATED
    assert drain(world).stopping == 0


def test_a_start_that_meets_the_drain_is_refused(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A drain between the look at the workspace and the write of the start holds."""
    wish(world, workspace_id, STOPPED)
    cluster.settle()
    world.store.meanwhile = partial(drain, world)
    with pytest.raises(Clash) as refused:
        wish(world, workspace_id, RUNNING)
    assert refused.value.code == "agent-draining"
    assert state_of(world, workspace_id).desired is STOPPED


def test_the_sweep_goes_on_where_a_request_had_no_time(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A request without time only begins; the next sweep stops the rest, and then forgets the drain."""
    second = create(world, "second")
    cluster.settle()
    begun = drain(world, seconds=1.0)
    assert (begun.unasked, begun.stopping) == (2, 0)
    sweep(world.ports, remaining=lambda: 20.0)
    assert {state_of(world, each).desired for each in (workspace_id, second)} == {STOPPED}
    assert list(drains.load_all(world.store)) == []


def test_a_restart_that_ends_while_the_drain_looks_is_stopped_by_the_next_sweep(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Who becomes Running between the look and the stop is still to be asked, and is met again."""
    cluster.settle()
    wish(world, workspace_id, RESTART)
    cluster.poll()
    begun = drain(world, seconds=1.0)
    assert begun.unasked == 1
    world.store.meanwhile = partial(cluster.settle)
    sweep(world.ports, remaining=lambda: 20.0)
    assert state_of(world, workspace_id).desired is RUNNING
    assert list(drains.load_all(world.store)) != []
    sweep(world.ports, remaining=lambda: 20.0)
    assert state_of(world, workspace_id).desired is STOPPED


def test_an_uncordon_ends_the_stops_of_a_drain(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """What was not asked yet goes on running, and the sweep forgets the drain."""
    cluster.settle()
    drain(world, seconds=1.0)
    uncordon(world)
    sweep(world.ports, remaining=lambda: 20.0)
    assert state_of(world, workspace_id).desired is RUNNING
    assert list(drains.load_all(world.store)) == []


def test_a_drain_touches_no_other_agent(world: World, cluster: PaperCluster) -> None:
    """Workspaces of another agent run on, and new ones go there."""
    drained = world.agent_id
    world.agent_id = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    other = create(world, "other")
    world.agent_id = drained
    drain(world)
    assert state_of(world, other).desired is RUNNING


def test_every_stop_of_a_drain_is_written_down(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Its generation and cause are in the audit log, by Berth, and in the workspace's timeline."""
    cluster.settle()
    drain(world)
    page = audit.load_page(
        world.store, world.organisation.id, subject=workspace_id, after=None, limit=50
    )
    last = page.records[-1]
    assert (last.action, last.actor, last.generation) == ("workspaces:drained", "berth", 2)
