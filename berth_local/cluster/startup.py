"""The start of a cluster's namespaces and the boot inside them, seen from the process that starts it."""

import subprocess
from collections.abc import Callable

from berth_local.cluster import processes
from berth_local.cluster.components import own
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import RunFolder
from berth_local.cluster.namespaces import unshare_command
from berth_local.cluster.passages import node_environment
from berth_local.cluster.waiting import last_lines, wait_until

BOOT_DEADLINE = 180.0
"""Seconds for a whole boot; its steps have 60 s each."""


class Startup:
    """Starts the first process at once. `folder` already holds the spec and the certificates."""

    def __init__(self, folder: RunFolder, *, tied: bool) -> None:
        self._folder = folder
        self._log = folder.log("boot")
        self._told = 0
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                unshare_command(own("init", folder)),
                # The pipe is the cluster's lifeline: the kernel closes it when this process ends.
                stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=node_environment(),
            )

    def find_init(self) -> int:
        """The number of the first process inside, as soon as it is there."""
        found: list[int] = []

        def is_there() -> bool:
            self._fail_if_ended()
            init = processes.init_of(self._folder)
            if init is not None:
                found.append(init)
            return bool(found)

        wait_until(is_there, "the cluster's namespaces", deadline=10, log=self._log)
        return found[0]

    def follow(self, report: Callable[[str], None]) -> None:
        """Report each step of the boot as it ends; return after the last.

        :raises ClusterError: the boot failed, with its reason.
        """

        def is_ready() -> bool:
            self._fail_if_ended()
            ready = self._folder.ready.exists()
            self._tell(report)
            return ready

        wait_until(is_ready, f"cluster {self._folder.name}", deadline=BOOT_DEADLINE, log=self._log)

    def close(self) -> None:
        """Forget the process, which has been ended."""
        self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()

    def _fail_if_ended(self) -> None:
        if self._process.poll() is None:
            return
        failure = self._folder.failure
        reason = failure.read_text() if failure.exists() else "Its first process ended."
        raise ClusterError(
            f"Cluster {self._folder.name} did not start. {reason}{last_lines(self._log)}"
        )

    def _tell(self, report: Callable[[str], None]) -> None:
        steps = self._folder.steps.read_text().splitlines() if self._folder.steps.exists() else []
        for line in steps[self._told :]:
            seconds, step = line.split("\t")
            report(f"{float(seconds):6.2f} s  {step}")
        self._told = len(steps)
