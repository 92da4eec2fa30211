"""One installation for all faults of this room, and the workspaces that live in it."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.changes import Changes, Fleet
from tests.faults.installation import Installation


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the tests that fail real parts."""
    for item in items:
        is_ours = item.path.is_relative_to(Path(__file__).parent)
        if is_ours and "here" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.cluster)


@pytest.fixture(scope="session")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """Control plane on DynamoDB Local, a cluster, and one agent."""
    with Installation(f"faults-{os.getpid()}", tmp_path_factory.mktemp("faults")) as up:
        yield up


@pytest.fixture(scope="session")
def fleet(here: Installation) -> Fleet:
    """All workspaces."""
    return Fleet(here)


@pytest.fixture
def changes(fleet: Fleet) -> Changes:
    """Four changes that nobody has asked for yet."""
    return Changes(fleet)
