"""One stack for all tests of the data plane."""

from collections.abc import Iterator

import pytest

from tests.proxy.stack import Stack


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A running proxy."""
    with Stack(tmp_path_factory.mktemp("proxy")) as running:
        yield running
