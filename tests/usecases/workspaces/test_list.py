from chalicelib.domain.access.roles import Role
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.usecases.workspaces.change import change_workspace, terminate_workspace
from chalicelib.usecases.workspaces.read import Filters, list_workspaces
from tests.builders import PaperCluster, World, add_member, create, make_world


def listed(world: World, filters: Filters, limit: int = 100) -> list[str]:
    """All pages of a list."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = list_workspaces(world.ports, world.person, filters, cursor=cursor, limit=limit)
        assert len(page.items) <= limit
        found += [view.workspace.id for view in page.items]
        if (cursor := page.next) is None:
            return found


def test_a_list_is_paged_without_loss_or_double() -> None:
    """Whatever the page size, following the cursor gives each workspace once."""
    settings = OrganisationSettings(
        git_hosts=(GitHost("git.example.com"),), workspaces_per_user=100
    )
    world = make_world(settings)
    ids = sorted(create(world, f"w{n}") for n in range(13))
    for limit in (1, 3, 13, 100):
        assert listed(world, Filters(), limit) == ids


def test_filters_narrow_and_the_terminated_are_shown_when_asked_for(
    world: World, cluster: PaperCluster
) -> None:
    """Desired, actual and owner narrow a list; what has ended is only in a list of the ended."""
    runs, stops, ends = (create(world, name) for name in ("runs", "stops", "ends"))
    cluster.settle()
    change_workspace(world.ports, world.person, stops, DesiredState.STOPPED)
    terminate_workspace(world.ports, world.person, ends)
    cluster.settle()
    assert set(listed(world, Filters())) == {runs, stops}
    assert listed(world, Filters(desired=DesiredState.STOPPED)) == [stops]
    assert listed(world, Filters(actual=ActualState.RUNNING)) == [runs]
    assert listed(world, Filters(actual=ActualState.TERMINATED)) == [ends]
    assert listed(world, Filters(owner_id="usr-zzzzzzzzzzzz")) == []
    assert listed(world, Filters(repository="https://git.example.com/other.git")) == []


def test_a_developer_sees_their_own(world: World) -> None:
    """A list shows an owner everything and a developer nothing of others."""
    create(world, "demo")
    developer = add_member(world.ports, world.organisation.id, "usr-00000000000d", Role.DEVELOPER)
    page = list_workspaces(world.ports, developer, Filters(), cursor=None, limit=10)
    assert page.items == ()
    assert len(listed(world, Filters())) == 1
