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

told = io.StringIO()
"""The steps with their seconds, for the end of the run."""


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
def deployment(account: Account) -> Iterator[Deployment]:
    """An undivided installation, with an owner who has signed in."""
    with Deployment(account, "dev") as raised:
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
