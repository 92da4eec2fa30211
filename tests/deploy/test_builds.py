"""The package, built more than once: each time it takes pip some seconds, so two builds run at once."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth_local.aws.account import EXAMPLE, Account
from checks.package import problems, weigh
from checks.tree import ROOT
from infra.package import ARCHIVE

pytestmark = pytest.mark.deploy

BUILD = """
import sys
from pathlib import Path
from infra.package import build
build(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
"""
ARCHITECTURES = {"again": "x86_64", "other": "arm64"}


@pytest.fixture(scope="module")
def built(account: Account, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Where copies of the deployed project are built, each by a process of its own."""
    folder = tmp_path_factory.mktemp("builds")
    processes = []
    for name, architecture in ARCHITECTURES.items():
        ignored = shutil.ignore_patterns("deployments", "deployed", "out")
        shutil.copytree(account.project, folder / name, ignore=ignored)
        command = [sys.executable, "-c", BUILD, str(folder / name), EXAMPLE, architecture]
        environment = {**os.environ, "PYTHONHASHSEED": "1"}
        processes.append(subprocess.Popen(command, cwd=ROOT, env=environment))
    assert [process.wait() for process in processes] == [0, 0]
    yield folder
    shutil.rmtree(folder)


def test_two_builds_of_one_tree_are_one_package(account: Account, built: Path) -> None:
    """Built again, in another folder and by a process that has loaded less, what is deployed has the same bytes."""
    again = weigh(built / "again" / "out" / ARCHIVE)

    assert again.digest == weigh(account.packaged).digest


def test_package_for_the_other_architecture_holds_no_other(built: Path) -> None:
    """The package for arm64 keeps the same limits, with machine code for arm64 alone."""
    package = weigh(built / "other" / "out" / ARCHIVE)

    assert problems(package, "arm64") == []
    assert {each.machine for each in package.libraries} == {"EM_AARCH64"}
