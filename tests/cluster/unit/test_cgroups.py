"""Control groups: the steps for both versions of the kernel's interface, on folders that look like them."""

from pathlib import Path

import pytest

from berth_local.cluster import cgroups
from berth_local.cluster.cgroups import MakeFolder, Write


@pytest.fixture
def version_1(tmp_path: Path) -> Path:
    """The hybrid layout: a tree for each controller, and an empty version 2 tree beside them."""
    for controller in ("cpu", "cpuset", "memory"):
        (tmp_path / controller).mkdir()
        (tmp_path / controller / "tasks").touch()
    (tmp_path / "cpuset" / "cpuset.cpus").write_text("0-1\n")
    (tmp_path / "cpuset" / "cpuset.mems").write_text("0\n")
    (tmp_path / "unified").mkdir()
    (tmp_path / "cpu,cpuacct").symlink_to("cpu")
    return tmp_path


@pytest.fixture
def version_2(tmp_path: Path) -> Path:
    """One tree, with more controllers than the kubelet needs."""
    (tmp_path / "cgroup.controllers").write_text("cpuset cpu io memory hugetlb pids rdma misc\n")
    (tmp_path / "cgroup.subtree_control").touch()
    return tmp_path


def test_version_1_makes_a_group_in_every_tree(version_1: Path) -> None:
    """Each controller's tree gets the group, and the new cpuset takes the machine's processors and memory."""
    assert cgroups.creation("x", version_1) == [
        MakeFolder(version_1 / "cpu" / "berth-x"),
        MakeFolder(version_1 / "cpuset" / "berth-x"),
        MakeFolder(version_1 / "memory" / "berth-x"),
        Write(version_1 / "cpuset" / "berth-x" / "cpuset.cpus", "0-1\n"),
        Write(version_1 / "cpuset" / "berth-x" / "cpuset.mems", "0\n"),
    ]


def test_version_2_hands_the_controllers_down(version_2: Path) -> None:
    """One group, with the kubelet's controllers handed down to it and by it, and no other."""
    wanted = "+cpu +cpuset +hugetlb +io +memory +pids"
    assert cgroups.creation("x", version_2) == [
        Write(version_2 / "cgroup.subtree_control", wanted),
        MakeFolder(version_2 / "berth-x"),
        Write(version_2 / "berth-x" / "cgroup.subtree_control", wanted),
    ]


def test_version_2_asks_for_no_controller_that_is_not_there(version_2: Path) -> None:
    """The kernel would refuse the whole line."""
    (version_2 / "cgroup.controllers").write_text("cpu memory\n")

    assert cgroups.creation("x", version_2)[0] == Write(
        version_2 / "cgroup.subtree_control", "+cpu +memory"
    )


def test_steps_are_carried_out_twice_without_harm(version_1: Path) -> None:
    """A stale group of an earlier cluster does not stop the next one."""
    steps = cgroups.creation("x", version_1)

    cgroups.perform(steps)
    cgroups.perform(steps)

    assert (version_1 / "cpuset" / "berth-x" / "cpuset.cpus").read_text() == "0-1\n"
    assert len(cgroups.groups_of("x", version_1)) == 3


def test_removal_takes_the_groups_below_and_no_other(version_1: Path) -> None:
    """Pods' groups go with the cluster's; a cluster whose name begins alike keeps its own."""
    pod = version_1 / "memory" / "berth-x" / "kubepods" / "pod1"
    pod.mkdir(parents=True)
    other = version_1 / "memory" / "berth-x2"
    other.mkdir()

    cgroups.remove("x", version_1)

    assert cgroups.groups_of("x", version_1) == []
    assert other.is_dir()


def test_removal_of_nothing_is_fine(version_2: Path) -> None:
    """A cluster that never had a group has nothing to remove."""
    cgroups.remove("x", version_2)

    assert cgroups.groups_of("x", version_2) == []
