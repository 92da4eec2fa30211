"""An installation for each test."""

from collections.abc import Iterator

import pytest

from tests.api.world import World


@pytest.fixture
def world() -> Iterator[World]:
    """A fresh installation with one organisation and its owner."""
    made = World()
    yield made
    made.close()
