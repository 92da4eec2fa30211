"""Moving a workspace from one agent to another: never on two at once, nothing left behind."""

from dataclasses import dataclass, replace
from functools import partial

import pytest

from chalicelib.domain.access.roles import Role
from chalicelib.domain.agents.agent import Agent
from chalicelib.domain.errors import Clash, Forbidden, Invalid, Missing, TooMany
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.variables.variable import Variable, VariableKind
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import Delete
from chalicelib.records import audit, keys, quotas
from chalicelib.records.idempotency import Attempt
from chalicelib.usecases.agents.change import change_agent, cordon_agent, retire_agent
from chalicelib.usecases.agents.drain import drain_agent
from chalicelib.usecases.organisations.change import change_organisation
from chalicelib.usecases.organisations.quotas import recount_quotas
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.move import call_move_off, move_workspace
from chalicelib.usecases.workspaces.read import WorkspaceView, show_workspace
from chalicelib.usecases.workspaces.sweep import sweep
from chalicelib.wire.reconcile import ApplyOrder, TerminateOrder
from tests.builders import PaperCluster, World, add_agent, add_member, create, make_world
from tests.doubles import Killed

RUNNING, STOPPED = DesiredState.RUNNING, DesiredState.STOPPED
RESTART, MOVING = DesiredState.RESTART_REQUESTED, DesiredState.MOVE_REQUESTED
DAY = 24 * 3600.0


@dataclass
class Fleet:
    """An installation with two agents, and the workspace that moves from the first to the second."""

    world: World
    first: PaperCluster
    second: PaperCluster
    workspace_id: str

    @property
    def target(self) -> str:
        """The second agent's id."""
        return self.second.world.agent_id

    def shown(self) -> WorkspaceView:
        """The workspace as people see it."""
        return show_workspace(self.world.ports, self.world.person, self.workspace_id)

    def state(self) -> WorkspaceState:
        """Its state."""
        return self.shown().state

    def move(self, agent_id: str = "", attempt: Attempt | None = None) -> WorkspaceView:
        """Ask for it to be moved."""
        return move_workspace(
            self.world.ports,
            self.world.person,
            self.workspace_id,
            agent_id or self.target,
            attempt=attempt,
        )

    def call_off(self) -> WorkspaceView:
        """Call the move off."""
        return call_move_off(self.world.ports, self.world.person, self.workspace_id)

    def wish(self, desired: DesiredState) -> None:
        """Ask for a desired state."""
        change_workspace(self.world.ports, self.world.person, self.workspace_id, desired)

    def settle(self) -> None:
        """Let both agents do all that there is to do."""
        self.first.settle()
        self.second.settle()
        self.first.settle()

    def counts(self) -> dict[str, int]:
        """What the counters say of the two agents."""
        found = quotas.load_all(self.world.store, self.world.organisation.id)
        return {
            holder.id: count.workspaces
            for holder, count in found.items()
            if holder.scope == "agent"
        }

    def is_counted_right(self) -> bool:
        """Whether a recount finds nothing to correct."""
        done = recount_quotas(self.world.ports, self.world.person, remaining=lambda: 20.0)
        return done.corrections == () == done.unsettled

    def actions(self) -> list[str]:
        """What was written down of the workspace."""
        org = self.world.organisation.id
        page = audit.load_page(
            self.world.store, org, subject=self.workspace_id, after=None, limit=50
        )
        return [record.action for record in page.records]


def fleet_of(world: World) -> Fleet:
    first = PaperCluster(world)
    agent_id = add_agent(world.ports, world.organisation.id, "ag-000000000002")
    second = PaperCluster(replace(world, agent_id=agent_id))
    variables = (
        Variable("TOKEN", VariableKind.ENVIRONMENT, "canary-1"),
        Variable("KEY_FILE", VariableKind.FILE, "canary-2"),
    )
    return Fleet(world, first, second, create(world, "demo", *variables))


@pytest.fixture
def fleet(world: World) -> Fleet:
    """A workspace that runs at the first of two agents."""
    made = fleet_of(world)
    made.settle()
    return made


def begin_and_report(fleet: Fleet) -> None:
    """Ask for the move, and let the first agent obey and tell of it."""
    fleet.move()
    fleet.first.poll()
    fleet.first.poll()


def change(fleet: Fleet, agent_id: str, **settings: object) -> Agent:
    return change_agent(
        fleet.world.ports, fleet.world.person, agent_id, name=None, changes=settings
    )


def test_a_running_workspace_moves_and_keeps_all_but_its_volume(fleet: Fleet) -> None:
    """Id, name, owner, variables and timeline stay; it runs at the other agent and nothing is left."""
    before = fleet.shown().workspace
    moving = fleet.move()
    assert (moving.state.desired, moving.state.generation) == (MOVING, 2)
    fleet.settle()
    after, state = fleet.shown().workspace, fleet.state()
    assert after == replace(before, agent_id=fleet.target)
    assert (state.desired, state.actual, state.generation) == (RUNNING, ActualState.RUNNING, 3)
    assert (fleet.first.live, fleet.first.tombstones) == ({}, {})
    assert set(fleet.second.live) == {fleet.workspace_id}
    assert fleet.second.live[fleet.workspace_id].secrets_digest == state.secrets_digest != ""
    assert fleet.actions() == ["workspaces:create", "workspaces:move", "workspaces:moved"]


def test_the_other_agent_hears_of_it_only_when_the_first_has_given_it_up(fleet: Fleet) -> None:
    """Until the tombstone of the move is reported the other gets no order; the first gets no secret."""
    fleet.move()
    assert fleet.second.poll("full").orders == ()
    (order,) = fleet.first.poll(hears=False).orders
    assert order == TerminateOrder(workspace_id=fleet.workspace_id, generation=2)
    assert fleet.second.poll("full").orders == ()
    fleet.first.poll()
    assert fleet.second.poll("full").orders == ()
    fleet.first.poll(hears=False)
    (order,) = fleet.second.poll().orders
    assert isinstance(order, ApplyOrder)
    assert order.secrets
    assert fleet.first.poll("full").orders == ()


@pytest.mark.parametrize(
    "desired, then", [(STOPPED, STOPPED), (RUNNING, RUNNING), (RESTART, RUNNING)]
)
def test_what_is_wanted_is_wanted_there_too(
    fleet: Fleet, desired: DesiredState, then: DesiredState
) -> None:
    """What was stopped arrives stopped; what runs or restarts runs."""
    fleet.wish(desired)
    fleet.move()
    fleet.settle()
    assert fleet.state().desired is then
    assert fleet.second.live[fleet.workspace_id].replicas == int(then is RUNNING)


def test_lost_answers_and_repeated_reports_move_it_once(fleet: Fleet) -> None:
    """However many answers are lost on the way, it is moved once and its old tombstone is collected."""
    fleet.move()
    for _ in range(3):
        fleet.first.poll(hears=False)
    fleet.first.poll()
    for _ in range(3):
        fleet.first.poll(hears=False)
    assert fleet.shown().workspace.agent_id == fleet.target
    fleet.settle()
    assert fleet.actions().count("workspaces:moved") == 1
    assert fleet.first.tombstones == {}
    assert fleet.second.applied == {(fleet.workspace_id, 3): 1}


def test_a_report_whose_copy_moves_it_meanwhile_is_looked_at_again(
    fleet: Fleet, caplog: pytest.LogCaptureFixture
) -> None:
    """Of two calls with the same report one moves it, and the other finds that it is gone from here."""
    fleet.move()
    fleet.first.poll()
    fleet.world.store.outdating = lambda: fleet.first.poll(hears=False)
    answer = fleet.first.poll()
    assert [receipt.workspace_id for receipt in answer.receipts] == [fleet.workspace_id]
    assert fleet.shown().workspace.agent_id == fleet.target
    assert fleet.actions().count("workspaces:moved") == 1
    assert not [each for each in caplog.records if each.levelname == "ERROR"]


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("write", [0, 1], ids=["the-request", "the-handover"])
def test_a_handler_that_dies_at_a_write_of_the_move_leaves_no_half(
    fleet: Fleet, write: int, *, after: bool
) -> None:
    """Whichever write is its last, the agents come to the same end and counters are right."""
    store = fleet.world.store
    store.reset()
    store.die_at, store.after = write, after
    with pytest.raises(Killed):
        begin_and_report(fleet)
    store.die_at = None
    fleet.move()
    fleet.settle()
    fleet.settle()
    assert fleet.shown().workspace.agent_id == fleet.target
    assert fleet.first.live == {}
    assert set(fleet.second.live) == {fleet.workspace_id}
    assert fleet.is_counted_right()


def test_it_is_made_anew_under_the_settings_of_its_new_agent(fleet: Fleet) -> None:
    """Labels, image, policies and storage class are those of the agent that has it."""
    change(fleet, fleet.target, storage_class="fast", tools_image="there/tools:1")
    change(fleet, fleet.target, image_pull_policy="Never", runtime_class="gvisor")
    fleet.move()
    fleet.first.settle()
    (order,) = fleet.second.poll().orders
    assert isinstance(order, ApplyOrder)
    labels = {each["metadata"]["labels"]["berth.dev/agent-id"] for each in order.objects}
    assert labels == {fleet.target}
    made = {each["kind"]: each for each in order.objects}
    assert made["PersistentVolumeClaim"]["spec"]["storageClassName"] == "fast"
    pod = made["Deployment"]["spec"]["template"]["spec"]
    assert pod["runtimeClassName"] == "gvisor"
    assert {each["imagePullPolicy"] for each in pod["containers"]} == {"Never"}
    assert {each["image"] for each in pod["initContainers"]} == {"there/tools:1"}


def test_its_place_counts_at_both_agents_until_it_is_given_up(fleet: Fleet) -> None:
    """A place is kept where it goes from the first moment on, and a recount agrees at each step."""
    first = fleet.world.agent_id
    assert fleet.counts() == {first: 1}
    fleet.move()
    assert fleet.counts() == {first: 1, fleet.target: 1}
    assert fleet.is_counted_right()
    fleet.settle()
    assert fleet.counts() == {first: 0, fleet.target: 1}
    assert fleet.is_counted_right()


def test_a_full_agent_takes_no_move() -> None:
    """Where the target's quota is used up the move is refused, and the workspace runs on."""
    settings = OrganisationSettings(git_hosts=(GitHost("git.example.com"),), workspaces_per_agent=1)
    fleet = fleet_of(make_world(settings))
    create(fleet.second.world, "other")
    fleet.settle()
    with pytest.raises(TooMany) as refused:
        fleet.move()
    assert refused.value.code == "agent-quota"
    assert fleet.state().desired is RUNNING
    assert fleet.is_counted_right()


def test_the_last_place_is_taken_by_a_creation_or_by_the_move() -> None:
    """Of a move and a creation at once with one place left, one is refused."""
    settings = OrganisationSettings(git_hosts=(GitHost("git.example.com"),), workspaces_per_agent=1)
    fleet = fleet_of(make_world(settings))
    fleet.settle()
    fleet.world.store.meanwhile = partial(create, fleet.second.world, "quicker")
    with pytest.raises(TooMany):
        fleet.move()
    assert fleet.counts()[fleet.target] == 1


def test_a_limit_that_rises_meanwhile_refuses_no_move() -> None:
    """Where other limits are in force by the time of the write, the move is tried under those."""
    settings = OrganisationSettings(git_hosts=(GitHost("git.example.com"),), workspaces_per_agent=1)
    fleet = fleet_of(make_world(settings))
    create(fleet.second.world, "other")
    fleet.settle()
    fleet.world.store.meanwhile = partial(
        change_organisation,
        fleet.world.ports,
        fleet.world.person,
        name=None,
        changes={"workspaces_per_agent": 2},
    )
    assert fleet.move().state.desired is MOVING


def test_no_move_goes_to_an_agent_that_takes_nothing_new(fleet: Fleet) -> None:
    """Absent, cordoned (in the very moment too) and retired agents are refused by name."""
    world = fleet.world
    with pytest.raises(Invalid) as refused:
        fleet.move("ag-999999999999")
    assert [each.code for each in refused.value.problems] == ["no-such-agent"]
    world.store.meanwhile = partial(cordon_agent, world.ports, world.person, fleet.target)
    with pytest.raises(Invalid) as refused:
        fleet.move()
    assert [each.code for each in refused.value.problems] == ["agent-cordoned"]
    retire_agent(world.ports, world.person, fleet.target)
    with pytest.raises(Invalid) as refused:
        fleet.move()
    assert [each.code for each in refused.value.problems] == ["no-such-agent"]
    assert (fleet.state().desired, fleet.counts().get(fleet.target, 0)) == (RUNNING, 0)


def test_no_move_leaves_a_retired_agent(fleet: Fleet) -> None:
    """Nobody could confirm that its cluster has removed the workspace: it might run twice."""
    retire_agent(fleet.world.ports, fleet.world.person, fleet.world.agent_id)
    with pytest.raises(Clash) as refused:
        fleet.move()
    assert refused.value.code == "agent-retired"


def test_a_move_is_refused_where_the_workspace_is_not_allowed(fleet: Fleet) -> None:
    """The limits and images of the other agent are asked before anything is removed."""
    change(fleet, fleet.target, max_disk_gib=2, default_disk_gib=1, image_prefixes=("there/",))
    with pytest.raises(Invalid) as refused:
        fleet.move()
    codes = {each.code for each in refused.value.problems}
    assert codes == {"image-not-allowed", "too-much-disk"}
    assert fleet.state().desired is RUNNING


def test_a_workspace_without_a_plan_is_not_moved(fleet: Fleet) -> None:
    """What cannot be made anew is refused before anything is removed."""
    fleet.world.store.write(Delete(keys.plan(fleet.world.organisation.id, fleet.workspace_id)))
    with pytest.raises(Clash) as refused:
        fleet.move()
    assert refused.value.code == "no-plan"


def test_the_same_move_twice_is_one(fleet: Fleet) -> None:
    """While it goes there and once it is there the same request changes nothing."""
    generation = fleet.move().state.generation
    assert fleet.move().state.generation == generation
    fleet.settle()
    assert fleet.move().state.generation == generation + 1
    assert fleet.actions().count("workspaces:move") == 1


def test_a_late_copy_of_a_move_moves_nothing_again(fleet: Fleet) -> None:
    """Under its key a request is carried out once, even when the workspace went on meanwhile."""
    org, person = fleet.world.organisation.id, fleet.world.person.id
    once = Attempt(org, person, "key", b"digest", int(fleet.world.clock.now()) + 3600)
    fleet.move(attempt=once)
    fleet.settle()
    fleet.move(fleet.world.agent_id)
    fleet.settle()
    fleet.second.settle()
    assert fleet.shown().workspace.agent_id == fleet.world.agent_id
    assert fleet.move(attempt=once).state.desired is RUNNING
    fleet.settle()
    assert fleet.shown().workspace.agent_id == fleet.world.agent_id


@pytest.mark.parametrize("desired", [RUNNING, STOPPED, RESTART])
def test_while_it_moves_nothing_else_is_wanted_of_it(fleet: Fleet, desired: DesiredState) -> None:
    """Start, stop, restart and a move elsewhere are refused until it is there."""
    third = add_agent(fleet.world.ports, fleet.world.organisation.id, "ag-000000000003")
    fleet.move()
    with pytest.raises(Clash) as refused:
        fleet.wish(desired)
    assert refused.value.code == "workspace-moving"
    with pytest.raises(Clash):
        fleet.move(third)


def test_what_moves_may_be_terminated(fleet: Fleet) -> None:
    """It ends at the agent that it was leaving, and counts nowhere any more."""
    fleet.move()
    fleet.first.poll()
    terminate_workspace(fleet.world.ports, fleet.world.person, fleet.workspace_id)
    fleet.settle()
    assert fleet.state().actual is ActualState.TERMINATED
    assert set(fleet.counts().values()) == {0}
    assert (fleet.first.tombstones, fleet.second.live) == ({}, {})
    with pytest.raises(Clash):
        fleet.move()


def test_a_move_that_is_called_off_in_time_keeps_the_volume(fleet: Fleet) -> None:
    """An agent that heard nothing of it goes on with what is there, and the kept place is free."""
    fleet.move()
    stays = fleet.call_off()
    assert (stays.state.desired, stays.state.generation, stays.workspace.move) == (RUNNING, 3, None)
    fleet.settle()
    assert fleet.first.applied == {(fleet.workspace_id, 1): 1, (fleet.workspace_id, 3): 1}
    assert fleet.first.tombstones == {}
    assert fleet.counts() == {fleet.world.agent_id: 1, fleet.target: 0}
    assert fleet.is_counted_right()
    assert fleet.state().actual is ActualState.RUNNING


def test_a_move_that_is_called_off_too_late_is_made_anew_where_it_was(fleet: Fleet) -> None:
    """What was removed already leaves a tombstone, which is collected before it is sent again."""
    fleet.move()
    fleet.first.poll()
    assert fleet.first.live == {}
    fleet.call_off()
    fleet.settle()
    assert fleet.shown().workspace.agent_id == fleet.world.agent_id
    assert fleet.state().actual is ActualState.RUNNING
    assert (fleet.first.tombstones, fleet.second.live) == ({}, {})
    assert fleet.is_counted_right()


def test_calling_off_what_does_not_move_changes_nothing(fleet: Fleet) -> None:
    """Before a move and after it there is nothing to call off."""
    assert fleet.call_off().state.generation == 1
    fleet.move()
    fleet.settle()
    assert fleet.call_off().workspace.agent_id == fleet.target
    assert "workspaces:call-off" not in fleet.actions()


def test_while_its_agent_is_away_a_move_waits_and_is_seen_to(fleet: Fleet) -> None:
    """Nothing is handed over on a guess: for days it moves, and may be called off."""
    fleet.move()
    for _ in range(10):
        fleet.world.clock.advance(DAY)
        sweep(fleet.world.ports, remaining=lambda: 20.0)
        fleet.second.poll("full")
    assert (fleet.state().desired, fleet.second.live) == (MOVING, {})
    fleet.call_off()
    fleet.settle()
    assert fleet.first.applied[fleet.workspace_id, 3] == 1


def test_what_moves_ends_with_its_retired_agent(fleet: Fleet) -> None:
    """It is erased after the grace period like the rest of that agent's, and counts nowhere."""
    fleet.move()
    retire_agent(fleet.world.ports, fleet.world.person, fleet.world.agent_id)
    fleet.world.clock.advance(30 * DAY)
    sweep(fleet.world.ports, remaining=lambda: 20.0)
    with pytest.raises(Missing):
        fleet.shown()
    assert set(fleet.counts().values()) == {0}


def test_where_the_other_agent_is_retired_meanwhile_it_is_made_anew_where_it_was(
    fleet: Fleet,
) -> None:
    """It goes to nobody who would never run it, and its place there is free."""
    fleet.move()
    retire_agent(fleet.world.ports, fleet.world.person, fleet.target)
    fleet.first.settle()
    assert fleet.shown().workspace.agent_id == fleet.world.agent_id
    assert fleet.state().actual is ActualState.RUNNING
    assert fleet.first.tombstones == {}
    assert fleet.counts()[fleet.target] == 0
    assert "workspaces:kept" in fleet.actions()


def test_a_cordon_keeps_out_no_move_whose_place_is_kept(fleet: Fleet) -> None:
    """What was accepted goes on."""
    fleet.move()
    cordon_agent(fleet.world.ports, fleet.world.person, fleet.target)
    fleet.settle()
    assert fleet.state().actual is ActualState.RUNNING


def test_a_workspace_arrives_stopped_at_an_agent_that_is_drained(fleet: Fleet) -> None:
    """A drain starts nothing, in the very moment of the handover neither."""
    world = fleet.world
    fleet.move()
    fleet.first.poll()
    world.store.meanwhile = partial(
        drain_agent, world.ports, world.person, fleet.target, remaining=lambda: 20.0
    )
    fleet.settle()
    assert (fleet.shown().workspace.agent_id, fleet.state().desired) == (fleet.target, STOPPED)
    assert fleet.second.live[fleet.workspace_id].replicas == 0


def test_it_comes_back_to_an_agent_that_still_has_its_old_tombstone(fleet: Fleet) -> None:
    """The tombstone of the earlier stay is collected and the workspace made again."""
    fleet.move()
    fleet.first.poll()
    fleet.first.poll(hears=False)
    fleet.second.settle()
    assert fleet.first.tombstones != {}
    fleet.move(fleet.world.agent_id)
    fleet.second.settle()
    assert fleet.shown().workspace.agent_id == fleet.world.agent_id
    fleet.settle()
    assert fleet.first.tombstones == {} == fleet.second.tombstones
    assert set(fleet.first.live) == {fleet.workspace_id}
    assert fleet.state().actual is ActualState.RUNNING
    assert fleet.is_counted_right()


def test_what_its_old_cluster_brings_back_is_removed_there_alone(fleet: Fleet) -> None:
    """A restored old cluster has a copy: after the grace it is removed, and the true one runs on."""
    copy = dict(fleet.first.live)
    fleet.move()
    fleet.settle()
    fleet.first.live = {name: replace(live, version=99) for name, live in copy.items()}
    assert fleet.first.poll("full").orders == ()
    fleet.world.clock.advance(2 * DAY)
    fleet.first.poll("full")
    fleet.first.settle()
    assert (fleet.first.live, fleet.first.tombstones) == ({}, {})
    fleet.second.settle()
    assert fleet.state().actual is ActualState.RUNNING
    assert set(fleet.second.live) == {fleet.workspace_id}


def test_who_may_not_change_it_may_not_move_it(fleet: Fleet) -> None:
    """A developer moves their own workspaces; others' are hidden from them, and an auditor only looks."""
    world = fleet.world
    org = world.organisation.id
    owner = world.person
    world.person = add_member(world.ports, org, "usr-000000000002", Role.DEVELOPER)
    with pytest.raises(Missing):
        fleet.move()
    world.person = add_member(world.ports, org, "usr-000000000003", Role.AUDITOR)
    with pytest.raises(Forbidden):
        fleet.move()
    with pytest.raises(Forbidden):
        fleet.call_off()
    world.person = replace(owner, role=Role.DEVELOPER)
    assert fleet.move().state.desired is MOVING
