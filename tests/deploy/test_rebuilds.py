"""The package, built again and for the other architecture."""

import pytest

from berth_local.aws.account import Account
from checks.package import problems, weigh
from tests.deploy.rebuilds import Rebuilds

pytestmark = pytest.mark.deploy


def test_two_builds_of_one_tree_are_one_package(account: Account, rebuilds: Rebuilds) -> None:
    """Built again, in another folder and by a process that has loaded less, what is deployed has the same bytes."""
    again = weigh(rebuilds.package("x86_64"))

    assert again.digest == weigh(account.packaged).digest


def test_package_for_the_other_architecture_holds_no_other(rebuilds: Rebuilds) -> None:
    """The package for arm64 keeps the same limits, with machine code for arm64 alone."""
    package = weigh(rebuilds.package("arm64"))

    assert problems(package, "arm64") == []
    assert {each.machine for each in package.libraries} == {"EM_AARCH64"}
