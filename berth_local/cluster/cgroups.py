"""The control group that a cluster's pods live under, in both versions of the kernel's interface.

Version 1 has one tree for each controller, version 2 (`cgroup.controllers` at the top) one for all.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from berth_local.cluster.waiting import wait_until

ROOT = Path("/sys/fs/cgroup")

KUBELET_CONTROLLERS = ("cpu", "cpuset", "hugetlb", "io", "memory", "pids")
"""What the kubelet looks for in version 2; it does without `hugetlb` and `io`."""


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """Create a control group."""

    path: Path


@dataclass(frozen=True, slots=True)
class Write:
    """Write a control file."""

    path: Path
    text: str


Step = MakeFolder | Write


def group_name(cluster: str) -> str:
    """The control group of a cluster; its path from the top of each tree is this name."""
    return f"berth-{cluster}"


def is_version_2(root: Path = ROOT) -> bool:
    """Whether one tree serves all controllers."""
    return (root / "cgroup.controllers").exists()


def controllers(root: Path = ROOT) -> list[str]:
    """The controllers of this machine; in version 1 the folders that are control group trees."""
    if is_version_2(root):
        return (root / "cgroup.controllers").read_text().split()
    # The hybrid layout mounts an empty version 2 tree beside the others: it has no `tasks`.
    return sorted(
        tree.name for tree in root.iterdir() if (tree / "tasks").exists() and not tree.is_symlink()
    )


def creation(cluster: str, root: Path = ROOT) -> list[Step]:
    """What makes the group, in order."""
    name, available = group_name(cluster), controllers(root)
    return (
        _creation_2(name, available, root)
        if is_version_2(root)
        else _creation_1(name, available, root)
    )


def _creation_1(name: str, available: Sequence[str], root: Path) -> list[Step]:
    steps: list[Step] = [MakeFolder(root / controller / name) for controller in available]
    if "cpuset" in available:
        # A new cpuset is empty and would take no process.
        files = ("cpuset.cpus", "cpuset.mems")
        steps += [
            Write(root / "cpuset" / name / file, (root / "cpuset" / file).read_text())
            for file in files
        ]
    return steps


def _creation_2(name: str, available: Sequence[str], root: Path) -> list[Step]:
    # Children have a controller only when their parent hands it down.
    handed_down = " ".join(
        f"+{controller}" for controller in KUBELET_CONTROLLERS if controller in available
    )
    return [
        Write(root / "cgroup.subtree_control", handed_down),
        MakeFolder(root / name),
        Write(root / name / "cgroup.subtree_control", handed_down),
    ]


def perform(steps: Sequence[Step]) -> None:
    """Carry the steps out; a group that is there already is fine."""
    for step in steps:
        match step:
            case MakeFolder(path):
                path.mkdir(exist_ok=True)
            case Write(path, text):
                path.write_text(text)


def groups_of(cluster: str, root: Path = ROOT) -> list[Path]:
    """The group's folders, one for each tree that has it."""
    trees = [root, *(tree for tree in root.iterdir() if tree.is_dir() and not tree.is_symlink())]
    groups = [tree / group_name(cluster) for tree in trees]
    return [group for group in groups if group.is_dir()]


def remove(cluster: str, root: Path = ROOT) -> None:
    """Remove the group and all below; the kernel needs a moment after the last process has ended.

    :raises ClusterError: something still lives in the group.
    """
    wait_until(
        _removes(cluster, root), f"the control groups of cluster {cluster} to be empty", deadline=20
    )


def _removes(cluster: str, root: Path) -> Callable[[], bool]:
    def attempt() -> bool:
        for group in groups_of(cluster, root):
            below = sorted((path for path in group.rglob("*") if path.is_dir()), reverse=True)
            for folder in [*below, group]:
                try:
                    folder.rmdir()
                except OSError:
                    return False
        return True

    return attempt
