"""Whose pages make a full transfer complete."""

from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.workspaces.states import ActualState
from chalicelib.usecases.workspaces.read import show_workspace
from tests.builders import PaperCluster, create, make_world


def test_two_holders_of_the_lease_never_complete_one_transfer() -> None:
    """A page of the former leader and the last page of the new one, under one id, mark nothing."""
    hosts = (GitHost("git.example.com"),)
    world = make_world(OrganisationSettings(git_hosts=hosts, workspaces_per_user=3))
    cluster = PaperCluster(world)
    ids = [create(world, f"w{number}") for number in range(3)]
    cluster.settle()
    reports = {report.workspace_id: report for report in cluster.reports()}

    def page(number: int, named: str, *, last: bool) -> None:
        whole = {"id": "all", "page": number, "last": last}
        cluster.ask(cluster.request("full", full_sync=whole, reports=[reports[named]]))

    def actual() -> list[ActualState]:
        shown = [show_workspace(world.ports, world.person, each).state for each in ids]
        return [state.actual for state in shown]

    page(0, ids[0], last=False)
    cluster.epoch += 1
    page(1, ids[1], last=True)
    assert actual() == [ActualState.RUNNING] * 3
    page(0, ids[0], last=False)
    page(1, ids[1], last=True)
    assert actual() == [ActualState.RUNNING, ActualState.RUNNING, ActualState.UNKNOWN]
