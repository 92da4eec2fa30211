"""The processes of a cluster, found in `/proc` by the run folder in their arguments.

No file of process numbers is kept: it could be stale, and name a stranger.
"""

import os
import select
import signal
from pathlib import Path

from berth_local.cluster.layout import RunFolder

PROC = Path("/proc")


def arguments(pid: int) -> list[str]:
    """The process's argument list; empty when it has ended."""
    try:
        return (PROC / str(pid) / "cmdline").read_bytes().decode(errors="replace").split("\0")[:-1]
    except OSError:
        return []


def all_pids() -> list[int]:
    """Every process that this namespace sees."""
    return [int(entry.name) for entry in PROC.iterdir() if entry.name.isdigit()]


def programs_of(folder: RunFolder) -> list[int]:
    """Our own programs that run for this cluster; all others end with its first process."""
    return [pid for pid in all_pids() if _serves(folder, arguments(pid))]


def init_of(folder: RunFolder) -> int | None:
    """The first process of the cluster's namespaces, by its number out here; None when no cluster runs."""
    for pid in all_pids():
        words = arguments(pid)
        if words[1:] == ["-m", "berth_local.cluster.init", str(folder.path)] and _is_first(pid):
            return pid
    return None


def kill(pid: int) -> None:
    """Kill and wait until the process is gone; one that is gone already is fine."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [], 20)
    except ProcessLookupError:
        pass
    finally:
        os.close(handle)


def _serves(folder: RunFolder, words: list[str]) -> bool:
    return str(folder.path) in words and any(
        word.startswith("berth_local.cluster.") for word in words
    )


def _is_first(pid: int) -> bool:
    """Whether the process is number 1 in its own process namespace, and that is not ours."""
    try:
        status = (PROC / str(pid) / "status").read_text()
    except OSError:
        return False
    numbers = next(
        (line.split()[1:] for line in status.splitlines() if line.startswith("NSpid:")), []
    )
    return len(numbers) > 1 and numbers[-1] == "1"
