"""The package, built more than once: it takes pip half a minute."""

from pathlib import Path

import pytest

from checks.package import problems, weigh
from checks.tree import ROOT
from infra import package as packages
from infra.package import ARCHIVE, copy_project
from tests.packages import build

pytestmark = pytest.mark.deploy


def test_two_builds_of_one_tree_are_one_package(tmp_path: Path) -> None:
    """Built again, in another folder and by a process that has loaded much else, it has the same bytes."""
    here, there = tmp_path / "here", tmp_path / "there"
    copy_project(ROOT, there)

    again = weigh(packages.build(there, "dev") / ARCHIVE)

    assert again.digest == build(here, 1).package.digest


def test_package_for_the_other_architecture_holds_no_other(tmp_path: Path) -> None:
    """The package for arm64 keeps the same limits, with machine code for arm64 alone."""
    package = build(tmp_path, 1, "--architecture", "arm64").package

    assert problems(package, "arm64") == []
    assert {each.machine for each in package.libraries} == {"EM_AARCH64"}
