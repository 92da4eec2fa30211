"""One installation for each module, and a home of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.installation import Installation, Shell, installed


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """The real application, served with TLS."""
    with installed(tmp_path_factory.mktemp("installation")) as up:
        yield up


@pytest.fixture
def berth(installation: Installation, tmp_path: Path) -> Shell:
    """The command line of the organisation's owner."""
    return Shell(installation, tmp_path)
