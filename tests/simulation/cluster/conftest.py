"""Every behaviour is held against the model, and against a real API server in the slower tier."""

from __future__ import annotations

import pytest

from berth_local.cluster.cluster import Cluster
from tests.agent.conftest import Installed
from tests.simulation.cluster.worlds import ModelWorld, RealWorld, World


@pytest.fixture(scope="session")
def real_installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """A real API server with the agent's manifest."""
    cluster: Cluster = request.getfixturevalue("control_cluster")
    return Installed(cluster, tmp_path_factory.mktemp("contract"))


@pytest.fixture(params=["model", pytest.param("real", marks=pytest.mark.cluster)])
def world(request: pytest.FixtureRequest) -> World:
    """The model or the real thing."""
    if request.param == "model":
        return ModelWorld()
    return RealWorld(request.getfixturevalue("real_installation"))


@pytest.fixture(scope="session")
def moving_installation(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Installed:
    """A real cluster with all its controllers, over simulated nodes."""
    cluster: Cluster = request.getfixturevalue("kwok_cluster")
    return Installed(cluster, tmp_path_factory.mktemp("moving"))


@pytest.fixture(params=["model", pytest.param("real", marks=pytest.mark.cluster)])
def moving(request: pytest.FixtureRequest) -> World:
    """The model or the real thing, where controllers work and pods run."""
    if request.param == "model":
        return ModelWorld()
    return RealWorld(request.getfixturevalue("moving_installation"))


@pytest.fixture
def place(world: World) -> str:
    """A namespace of this test alone."""
    return world.namespace()


@pytest.fixture
def model() -> ModelWorld:
    """The model, for what a real server will not do on demand."""
    return ModelWorld()
