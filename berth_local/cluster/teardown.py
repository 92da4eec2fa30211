"""The end of a cluster, whoever has started it."""

import shutil

from berth_local.cluster import cgroups, processes
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import RUN_FOLDERS, RunFolder


def down(name: str) -> None:
    """End the cluster of that name and leave nothing of it; one that does not run is fine.

    :raises ClusterError: something would not go.
    """
    folder = RunFolder(name)
    init = processes.init_of(folder)
    if init is not None:
        processes.kill(init)
    for pid in processes.programs_of(folder):
        processes.kill(pid)
    cgroups.remove(name)
    try:
        if folder.path.exists():
            shutil.rmtree(folder.path)
    except OSError as error:
        raise ClusterError(
            f"{folder.path} could not be removed: {error}. Is something mounted there?"
        ) from None


def names() -> list[str]:
    """The clusters that have a run folder; whether one still runs, `Cluster.running` says."""
    return sorted(path.name for path in RUN_FOLDERS.iterdir()) if RUN_FOLDERS.is_dir() else []
