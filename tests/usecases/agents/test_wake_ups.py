"""Which calls wake an agent, and that no failure to do so is ever felt."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from chalicelib import bootstrap
from chalicelib.adapters.wakers.process import ProcessWaker
from chalicelib.domain.access.roles import Role
from chalicelib.domain.errors import Missing
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import StoreUnanswered
from chalicelib.ports.waker import Silent, WakerFailed
from chalicelib.usecases.agents.change import change_agent, retire_agent
from chalicelib.usecases.agents.reconcile import reconcile
from chalicelib.usecases.agents.rotate import rotate_agent
from chalicelib.usecases.agents.wake_ups import hold
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.read import show_workspace
from chalicelib.usecases.workspaces.sweep import sweep
from chalicelib.wire.reconcile import ReconcileRequest, ReconcileResponse, WakeChannel
from tests.builders import DEVFILE, PaperCluster, World, add_agent, add_member


class Broken(Silent):
    """A waker whose queue does not answer; ``asked`` counts."""

    def __init__(self, error: type[Exception] = WakerFailed) -> None:
        self.asked = 0
        self.error = error

    def wake(self, agent_id: str) -> None:
        """See the port."""
        self.asked += 1
        raise self.error(agent_id)

    def channel(self, agent_id: str) -> WakeChannel | None:
        """See the port."""
        raise self.error(agent_id)

    def forget(self, agent_id: str) -> None:
        """See the port."""
        raise self.error(agent_id)


@pytest.fixture
def waker(world: World) -> ProcessWaker:
    """The waker of the installation."""
    waker = ProcessWaker()
    world.ports = replace(world.ports, waker=waker)
    return waker


@contextmanager
def call(world: World) -> Iterator[Ports]:
    """One call, as a handler has it."""
    with bootstrap.call(world.ports, world.clock.monotonic() + 20) as ports:
        yield ports


def is_woken(waker: ProcessWaker, world: World) -> bool:
    """Whether the agent was woken since it was asked last."""
    return waker.hold(world.agent_id, 0)


def created(ports: Ports, world: World, name: str) -> str:
    """Create a workspace in a call."""
    request = WorkspaceRequest(name, world.agent_id, devfile=DEVFILE)
    return create_workspace(ports, world.person, request).workspace.id


Act = Callable[[Ports, World, str], object]
WISHES: dict[str, Act] = {
    "create": lambda ports, world, _: created(ports, world, "other"),
    "stop": lambda ports, world, name: change_workspace(
        ports, world.person, name, DesiredState.STOPPED
    ),
    "restart": lambda ports, world, name: change_workspace(
        ports, world.person, name, DesiredState.RESTART_REQUESTED
    ),
    "terminate": lambda ports, world, name: terminate_workspace(ports, world.person, name),
    "agent settings": lambda ports, world, _: change_agent(
        ports, world.person, world.agent_id, name="another", changes=None
    ),
    "agent token": lambda ports, world, _: rotate_agent(
        ports, world.person, world.agent_id, overlap_seconds=0
    ),
}
QUIET: dict[str, Act] = {
    "show": lambda ports, world, name: show_workspace(ports, world.person, name),
    "what is wished already": lambda ports, world, name: change_workspace(
        ports, world.person, name, DesiredState.RUNNING
    ),
    "a sweep with nothing due": lambda ports, world, _: sweep(ports, remaining=lambda: 20),
}


@pytest.mark.parametrize("wish", WISHES)
def test_whatever_an_agent_has_to_hear_wakes_it(
    world: World, waker: ProcessWaker, workspace_id: str, wish: str
) -> None:
    """Each accepted change that raises the agent's intent wakes it by the end of its call."""
    with call(world) as ports:
        WISHES[wish](ports, world, workspace_id)
        assert not is_woken(waker, world)
    assert is_woken(waker, world)


@pytest.mark.parametrize("act", QUIET)
def test_what_changes_nothing_wakes_nobody(
    world: World, waker: ProcessWaker, cluster: PaperCluster, workspace_id: str, act: str
) -> None:
    """Reading, and wishing what is wished already, lets the agent sleep."""
    cluster.settle()
    with call(world) as ports:
        QUIET[act](ports, world, workspace_id)
    assert not is_woken(waker, world)


def test_the_sweep_wakes_for_what_ran_too_long(
    world: World, waker: ProcessWaker, cluster: PaperCluster, workspace_id: str
) -> None:
    """A workspace that the sweep stops is heard of at once."""
    cluster.settle()
    world.clock.advance(30 * 24 * 3600)
    with call(world) as ports:
        sweep(ports, remaining=lambda: 20)
    state = show_workspace(world.ports, world.person, workspace_id).state
    assert state.desired is DesiredState.STOPPED
    assert is_woken(waker, world)


def test_only_the_agent_concerned_is_woken(world: World, waker: ProcessWaker) -> None:
    """A wish for a workspace of one agent leaves the others alone."""
    other = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    with call(world) as ports:
        created(ports, world, "demo")
    assert not waker.hold(other, 0)
    assert is_woken(waker, world)


def test_a_call_that_fails_after_its_write_wakes_too(world: World, waker: ProcessWaker) -> None:
    """What was accepted is told, whatever goes wrong before the answer."""

    def fail_late() -> None:
        with call(world) as ports:
            created(ports, world, "demo")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_late()
    assert is_woken(waker, world)


def test_a_write_without_an_answer_wakes(
    world: World, waker: ProcessWaker, workspace_id: str
) -> None:
    """A store that may have carried out what it did not confirm counts as if it had."""
    world.store.die_at, world.store.after = world.store.writes, True
    world.store.dies_of = StoreUnanswered
    with pytest.raises(StoreUnanswered), call(world) as ports:
        WISHES["stop"](ports, world, workspace_id)
    assert is_woken(waker, world)


@pytest.mark.parametrize("error", [WakerFailed, RuntimeError])
def test_a_wake_up_that_fails_is_not_felt(
    world: World, error: type[Exception], capsys: pytest.CaptureFixture[str]
) -> None:
    """A queue that is down fails no request and is written down; after one failure none is tried again."""
    broken = Broken(error)
    world.ports = replace(world.ports, waker=broken)
    other = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    with call(world) as ports:
        name = created(ports, world, "demo")
        request = WorkspaceRequest("far", other, devfile=DEVFILE)
        create_workspace(ports, world.person, request)
    assert show_workspace(world.ports, world.person, name).state.generation == 1
    assert broken.asked == 1
    logged = capsys.readouterr().out
    assert '"event":"not-woken"' in logged
    assert error.__name__ in logged


def asked(world: World, *, listening: bool | None, intent: int | None = None) -> ReconcileResponse:
    """A question of the agent, an idle one without ``intent``."""
    request = ReconcileRequest(
        update_type="partial",
        epoch=1,
        instance="pod",
        intent=world.agent().intent if intent is None else intent,
        listening=listening,
    )
    return reconcile(world.ports, world.agent(), request, remaining=lambda: 20)


@pytest.mark.parametrize("listening", [None, False, True])
def test_who_listens_asks_once_a_minute(
    world: World, waker: ProcessWaker, listening: bool | None
) -> None:
    """Who hears wake-ups is asked to poll rarely; who can and does not gets a channel; who cannot
    is left as ever."""
    world.ports = replace(world.ports, site=replace(world.ports.site, listening_poll_ms=60_000))
    answer = asked(world, listening=listening)
    assert answer.next_poll_ms == (60_000 if listening else 10_000)
    channel = waker.channel(world.agent_id)
    assert answer.wake == (channel if listening is False else None)


def test_without_a_channel_the_agent_polls(world: World) -> None:
    """Where nobody wakes agents, or the queue fails, the answer is whole and has no channel."""
    for waker in (Silent(), Broken(), Broken(RuntimeError)):
        world.ports = replace(world.ports, waker=waker)
        answer = asked(world, listening=False)
        assert (answer.wake, answer.next_poll_ms) == (None, 10_000)


def test_an_agent_under_way_is_hurried_though_it_listens(
    world: World, waker: ProcessWaker, workspace_id: str
) -> None:
    """While something starts, the agent asks each second, for its reports are what is waited for."""
    del workspace_id
    world.ports = replace(world.ports, site=replace(world.ports.site, listening_poll_ms=60_000))
    assert asked(world, listening=True, intent=-1).next_poll_ms == 1_000


def test_a_held_question_ends_with_the_news(world: World, waker: ProcessWaker) -> None:
    """The agent's question is answered once it is woken, and otherwise quietly before its time ends."""
    waker.wake(world.agent_id)
    assert hold(world.ports, world.agent(), remaining=lambda: 20).woken
    assert not hold(world.ports, world.agent(), remaining=lambda: 2.1).woken


def test_nobody_is_held_where_a_function_would_be_paid_for(world: World) -> None:
    """Where agents listen at a queue, or nowhere, the control plane holds no question."""
    with pytest.raises(Missing):
        hold(world.ports, world.agent(), remaining=lambda: 20)


def test_a_retired_agent_leaves_no_channel(world: World, waker: ProcessWaker) -> None:
    """Retiring forgets the agent's channel, and succeeds where that fails."""
    waker.wake(world.agent_id)
    owner = add_member(world.ports, world.organisation.id, "usr-000000000009", Role.OWNER)
    retire_agent(world.ports, owner, world.agent_id)
    assert not is_woken(waker, world)
    world.ports = replace(world.ports, waker=Broken())
    other = add_agent(world.ports, world.organisation.id, "ag-000000000003")
    assert retire_agent(world.ports, owner, other).retired_at is not None
