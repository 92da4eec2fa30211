"""Helm, and a Berth that it installed."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from berth_local.cluster import helm as program
from berth_local.cluster.layout import cache_folder
from tests.chart.site import HelmSite


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm, built where there is none."""
    return program.build(cache_folder())


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HelmSite]:
    """Control plane, issuer, git server, cluster, and an agent and proxy by Helm."""
    with HelmSite(tmp_path_factory.mktemp("chart")) as up:
        yield up
