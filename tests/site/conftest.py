"""One whole Berth on a real cluster, which all tests of this room share; each has workspaces of its own."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from berth_cli.configuration import Configuration
from berth_kube.connection import Connection, connect
from berth_local.cluster.cluster import Cluster
from berth_local.site.places import OwnCluster
from berth_local.site.site import Site
from berth_local.site.steps import Steps
from tests.site.developer import Developer
from tests.site.faults import Agents
from tests.site.live import Live


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this room."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Control plane, issuer, git server, cluster, agent and proxy, with room for many workspaces."""
    with Site(f"site-{os.getpid()}", Steps(), folder=tmp_path_factory.mktemp("site")) as up:
        up.client.patch("/api/v1/organisation", {"settings": {"workspaces_per_user": 100}})
        yield up


@pytest.fixture(scope="session")
def cluster(site: Site) -> Cluster:
    """The site's cluster."""
    assert isinstance(site.place, OwnCluster), "these tests plant faults: not in a cluster of yours"
    return site.place.cluster


@pytest.fixture(scope="session")
def connection(cluster: Cluster) -> Connection:
    """The administrator's connection to the API server."""
    return connect(str(cluster.kubeconfig))


@pytest.fixture(scope="session")
def agents(site: Site, cluster: Cluster, connection: Connection) -> Agents:
    """The agent's Deployment."""
    return Agents(site, cluster, connection)


@pytest.fixture(scope="session")
def live(cluster: Cluster, connection: Connection) -> Callable[[str], Live]:
    """Look at a workspace by its id, as its cluster has it."""
    return lambda workspace_id: Live(cluster, connection, workspace_id)


@pytest.fixture(scope="session")
def owner(site: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Developer]:
    """The owner of the organisation."""
    chosen = Configuration(
        site.control_plane.local_url, site.person.token, str(site.authority.certificate)
    )
    person = Developer(chosen, tmp_path_factory.mktemp("owner"), site.agent_id)
    yield person
    person.client.close()
