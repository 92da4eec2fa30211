from chalicelib.domain.access.roles import Role
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.ports.store import Item, Put, Update
from chalicelib.records import agents, keys, people, workspaces
from chalicelib.records.attributes import milliseconds
from chalicelib.usecases.workspaces.change import change_workspace
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.usecases.workspaces.read import list_events, show_workspace
from chalicelib.usecases.workspaces.sweep import Swept, sweep
from tests.builders import DEVFILE, PaperCluster, World, add_member, create, make_world

HOUR = 3600
DAY = 24 * HOUR


def swept(world: World, most: int = 1_000) -> Swept:
    return sweep(world.ports, remaining=lambda: 60.0, most=most)


def sweep_until(world: World, seconds: float) -> None:
    """Let time pass, sweeping each five minutes."""
    end = world.clock.at + seconds
    while world.clock.at < end:
        world.clock.advance(300)
        swept(world)


def desired(world: World, workspace_id: str) -> DesiredState:
    return show_workspace(world.ports, world.person, workspace_id).state.desired


def audits(world: World) -> list[str]:
    page = world.store.query(keys.of_audit(world.organisation.id))
    return [str(item.attributes["action"]) for item in page.items]


def test_what_ran_too_long_is_stopped_though_its_agent_is_away(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """After 36 h the wish is Stopped, with cause and audit record; the agent hears of it later."""
    cluster.settle()
    sweep_until(world, 36 * HOUR - 600)
    assert desired(world, workspace_id) is DesiredState.RUNNING
    sweep_until(world, 900)
    assert desired(world, workspace_id) is DesiredState.STOPPED
    (event, *_) = list_events(world.ports, world.person, workspace_id, cursor=None, limit=1).events
    assert (event.kind, event.actor) == ("desired-longest-run", "berth")
    assert "36 h" in event.message
    assert "workspaces:longest-run" in audits(world)
    cluster.settle()
    state = show_workspace(world.ports, world.person, workspace_id).state
    assert state.actual is ActualState.STOPPED


def test_a_restart_begins_a_new_run(world: World, cluster: PaperCluster, workspace_id: str) -> None:
    """The longest run counts from when it last became Running, not from its creation."""
    cluster.settle()
    sweep_until(world, 35 * HOUR)
    change_workspace(world.ports, world.person, workspace_id, DesiredState.RESTART_REQUESTED)
    cluster.settle()
    sweep_until(world, 35 * HOUR)
    assert desired(world, workspace_id) is DesiredState.RUNNING
    sweep_until(world, 2 * HOUR)
    assert desired(world, workspace_id) is DesiredState.STOPPED


def test_a_tightened_limit_holds_within_the_hour(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A setting that was changed after the start counts for what runs already."""
    cluster.settle()
    sweep_until(world, 2 * HOUR)
    key = keys.organisation(world.organisation.id)
    world.store.write(Update(key, set={"settings": {"longest_run_seconds": HOUR}}))
    sweep_until(world, HOUR + 600)
    assert desired(world, workspace_id) is DesiredState.STOPPED


def test_a_wish_that_came_in_between_is_never_overwritten(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A stop by time is written over the state that was read, or not at all."""
    cluster.settle()
    world.clock.advance(36 * HOUR)
    change_workspace(world.ports, world.person, workspace_id, DesiredState.TERMINATED)
    swept(world)
    assert desired(world, workspace_id) is DesiredState.TERMINATED


def test_a_start_that_takes_too_long_has_failed_though_nothing_is_reported(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Starting for more than five minutes without news is shown as Failed with a reason."""
    cluster.poll()
    (report,) = cluster.reports()
    assert report.deployment is not None
    facts = report.deployment.model_copy(update={"available": 0, "updated": 1})
    starting = report.model_copy(update={"deployment": facts})
    cluster.ask(cluster.request(reports=[starting]))
    assert show_workspace(world.ports, world.person, workspace_id).state.actual is (
        ActualState.STARTING
    )
    sweep_until(world, 900)
    state = show_workspace(world.ports, world.person, workspace_id).state
    assert state.actual is ActualState.FAILED
    assert state.reason is not None
    assert state.desired is DesiredState.RUNNING


def test_a_workspace_whose_owner_left_is_terminated_after_the_grace(world: World) -> None:
    """Not before the grace is over; then its agent is told, and the audit says why."""
    leaver = add_member(world.ports, world.organisation.id, "usr-00000000000d", Role.DEVELOPER)
    request = WorkspaceRequest("demo", world.agent_id, devfile=DEVFILE)
    workspace_id = create_workspace(world.ports, leaver, request).workspace.id
    member = people.load(world.store, world.organisation.id, leaver.id)
    assert member is not None
    world.store.transact(people.remove(member, world.clock.now()))
    sweep_until(world, DAY - 2 * HOUR)
    assert desired(world, workspace_id) is DesiredState.RUNNING
    sweep_until(world, 3 * HOUR)
    assert desired(world, workspace_id) is DesiredState.TERMINATED
    assert "workspaces:owner-left" in audits(world)
    cluster = PaperCluster(world)
    cluster.settle()
    state = show_workspace(world.ports, world.person, workspace_id).state
    assert state.actual is ActualState.TERMINATED


def test_a_workspace_of_a_retired_agent_is_forgotten_after_the_grace(
    world: World, workspace_id: str
) -> None:
    """Nobody can remove it in order any more: all its items go, its quota is freed, the audit tells."""
    world.store.write(agents.retire(world.agent(), world.clock.now()))
    sweep_until(world, DAY + 2 * HOUR)
    org = world.organisation.id
    assert workspaces.load(world.store, org, workspace_id) is None
    assert world.store.query(keys.of_agent(org, world.agent_id)).items == ()
    assert world.store.query(keys.DUES).items == ()
    quota = world.store.get(keys.user_quota(org, world.person.id))
    assert quota is not None
    assert quota.attributes["workspaces"] == 0
    assert "workspaces:erase" in audits(world)


def test_each_workspace_has_one_due_row_whatever_happens(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """Starts, stops and looks move the one row; the end removes it."""
    for wish in (DesiredState.STOPPED, DesiredState.RUNNING, DesiredState.RESTART_REQUESTED):
        cluster.settle()
        change_workspace(world.ports, world.person, workspace_id, wish)
        sweep_until(world, HOUR)
        assert len(world.store.query(keys.DUES).items) == 1
    change_workspace(world.ports, world.person, workspace_id, DesiredState.TERMINATED)
    cluster.settle()
    assert world.store.query(keys.DUES).items == ()


def test_a_row_that_no_state_speaks_of_is_dropped(
    world: World, cluster: PaperCluster, workspace_id: str
) -> None:
    """A hint that is out of date changes nothing, and is not met again."""
    cluster.settle()
    stale = keys.due(world.clock.now() - 1, world.organisation.id, world.agent_id, workspace_id)
    world.store.write(Put(Item(stale, {"v": 1})))
    before = show_workspace(world.ports, world.person, workspace_id).state
    assert swept(world).looked == 1
    assert show_workspace(world.ports, world.person, workspace_id).state == before
    assert len(world.store.query(keys.DUES).items) == 1
    assert swept(world).looked == 0


def test_a_run_of_the_sweep_is_bounded_and_goes_on_next_time() -> None:
    """With 7 due and at most 4 a run, two runs reach all, and a bad row holds up none."""
    settings = OrganisationSettings(
        git_hosts=(GitHost("git.example.com"),), workspaces_per_user=100, longest_run_seconds=HOUR
    )
    world = make_world(settings)
    ids = [create(world, f"w{n}") for n in range(7)]
    key = keys.state(world.organisation.id, world.agent_id, ids[0])
    world.store.write(Update(key, set={"desired": "Bewitched", "look_at": milliseconds(0)}))
    world.clock.advance(2 * HOUR)
    results = [swept(world, most=4) for _ in range(2)]
    assert all(each.looked <= 4 for each in results)
    assert sum(each.changed for each in results) == 6
    assert sum(each.failed for each in results) >= 1
    assert {desired(world, each) for each in ids[1:]} == {DesiredState.STOPPED}
    assert sweep(world.ports, remaining=lambda: 1.0).looked == 0
