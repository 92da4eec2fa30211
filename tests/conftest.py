"""What holds for every test: no hurry clock, no skip that counts as passed, the corpus by option."""

from pathlib import Path

import pytest
from hypothesis import settings

pytest_plugins = ["tests.fixtures.cluster"]

# A machine under load is slow, not wrong.
settings.register_profile("berth", deadline=None, print_blob=True)
settings.load_profile("berth")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--corpus", type=Path, help="folder of registry devfiles, for `-m corpus`")


@pytest.fixture(scope="session")
def corpus(pytestconfig: pytest.Config) -> Path:
    """The folder given by `--corpus`."""
    folder: Path | None = pytestconfig.getoption("--corpus")
    if folder is None or not folder.is_dir():
        pytest.fail(f"No folder of devfiles at {folder}: give one, --corpus=FOLDER")
    return folder.resolve()


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run that skipped: what cannot run here must say why and fail."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
