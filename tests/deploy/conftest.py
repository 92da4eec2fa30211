"""Berth deployed by `chalice deploy` to an emulated AWS, once for all tests of the run."""

import io
from collections.abc import Iterator

import httpx
import pytest

from berth_local.aws.account import Account
from berth_local.aws.deployment import Deployment
from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import install
from berth_local.site.steps import Steps
from tests.deploy.rebuilds import Rebuilds

told = io.StringIO()
"""The steps with their seconds, for the end of the run."""


REBUILDS = "test_rebuilds"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put first what needs no package, which is built meanwhile, and last what waits for it to be built again."""
    deployed = {item.path for item in items if "account" in getattr(item, "fixturenames", ())}
    items.sort(key=lambda item: (item.path.stem == REBUILDS, item.path in deployed))


@pytest.fixture(scope="session", autouse=True)
def _package_is_begun(request: pytest.FixtureRequest) -> None:
    """Let the package be built from the first test on, where one of them needs it."""
    if any("account" in getattr(item, "fixturenames", ()) for item in request.session.items):
        request.getfixturevalue("account")


@pytest.fixture(scope="session")
def account() -> Iterator[Account]:
    """The emulated AWS that is deployed to, and the package."""
    with Account(Steps(told)) as raised:
        yield raised


@pytest.fixture(scope="session")
def rebuilds(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rebuilds]:
    """The package, built twice more."""
    with Rebuilds(account, tmp_path_factory.mktemp("rebuilds")) as none_begun:
        yield none_begun


@pytest.fixture(scope="session")
def deployment(
    request: pytest.FixtureRequest, account: Account, rebuilds: Rebuilds
) -> Iterator[Deployment]:
    """An undivided installation, with an owner who has signed in. The package is built again while others use it, where this
    run looks at that."""
    with Deployment(account, "dev") as raised:
        if any(item.path.stem == REBUILDS for item in request.session.items):
            rebuilds.begin()
        yield raised


@pytest.fixture(scope="session")
def aws() -> Iterator[Emulator]:
    """An empty AWS that counts what it would bill, and whose gateway waits 2 seconds for a function instead of 29."""
    with Emulator(install(Steps(told)), gateway_seconds=2, is_metered=True) as started:
        yield started


@pytest.fixture(scope="session")
def owner(deployment: Deployment) -> Iterator[httpx.Client]:
    """The owner, with a personal token."""
    with deployment.client(deployment.owner.token) as client:
        yield client


@pytest.fixture
def anybody(deployment: Deployment) -> Iterator[httpx.Client]:
    """Somebody without a credential."""
    with deployment.client() as client:
        yield client


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if told.getvalue():
        terminalreporter.section("seconds of the deployment")
        terminalreporter.write(told.getvalue())
