"""The installation that each test of a use case begins with."""

import pytest

from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.domain.variables.variable import Variable, VariableKind
from tests.builders import PaperCluster, World, create, make_world

VARIABLES = (
    Variable("TOKEN", VariableKind.ENVIRONMENT, "canary-1"),
    Variable("KEY_FILE", VariableKind.FILE, "canary-2"),
)


@pytest.fixture
def world() -> World:
    """One organisation, its owner, one agent; nothing created yet."""
    return make_world()


@pytest.fixture
def roomy() -> World:
    """An organisation whose users may have a thousand workspaces."""
    hosts = (GitHost("git.example.com"),)
    return make_world(OrganisationSettings(git_hosts=hosts, workspaces_per_user=1_000))


@pytest.fixture
def cluster(world: World) -> PaperCluster:
    """The agent's cluster, empty."""
    return PaperCluster(world)


@pytest.fixture
def workspace_id(world: World) -> str:
    """A workspace with two variables, just created."""
    return create(world, "demo", *VARIABLES)
