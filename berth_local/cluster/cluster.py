"""A cluster seen from outside: started, used and ended by one process."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from berth_local.cluster import binaries, cgroups, images, pki, prerequisites, processes
from berth_local.cluster.boot import import_command
from berth_local.cluster.components import own
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import API_ADDRESS, RUN_FOLDERS, RunFolder, Spec, Tier, cache_folder
from berth_local.cluster.namespaces import enter_command, unshare_command
from berth_local.cluster.waiting import last_lines, wait_until

BOOT_DEADLINE = 180.0
"""Seconds for a whole boot; its steps have 60 s each."""

NAME_VARIABLE = "BERTH_CLUSTER"
"""Environment variable that names the cluster which `run` has started for a command."""

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?")

Report = Callable[[str], None]


def _silent(_line: str) -> None:
    """Report nothing."""


class Cluster:
    """A one-node Kubernetes for the length of a `with` block.

    It ends with the block, and with this process however that ends. Several run side by side under different names;
    a new one begins by ending the old one of its name.
    """

    def __init__(
        self,
        name: str,
        *,
        images: Sequence[Path] = (),
        tier: Tier | str = Tier.FULL,
        hosts: Mapping[str, str] | None = None,
        report: Report = _silent,
    ) -> None:
        """Nothing is started yet.

        :param name: lower-case letters, digits and inner hyphens, at most 40.
        :param images: docker archives, known to the node before the first pod; pause and busybox always are.
        :param hosts: names that the cluster's DNS answers beside its own, with their IPv4 addresses.
        :param report: takes a line for each step.
        """
        if not _NAME.fullmatch(name):
            raise ClusterError(f"{name!r} cannot name a cluster: use lower-case letters, digits and inner hyphens.")
        self.name = name
        self.tier = Tier(tier)
        self.folder = RunFolder(name)
        self._images = tuple(images)
        self._hosts = dict(hosts or {})
        self._report = report
        self._unshare: subprocess.Popen[bytes] | None = None
        self._init = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @classmethod
    def running(cls, name: str) -> Self:
        """A handle on a cluster that another process has started.

        :raises ClusterError: no cluster of that name runs.
        """
        cluster = cls(name)
        init = processes.init_of(cluster.folder)
        if init is None or not cluster.folder.spec.exists():
            raise ClusterError(f"No cluster {name} runs here: start it with `python -m berth_local.cluster up {name}`.")
        cluster._init = init
        cluster.tier = Spec.from_json(cluster.folder.spec.read_text()).tier
        return cluster

    @property
    def kubeconfig(self) -> Path:
        """The administrator's access from outside, by a port of 127.0.0.1."""
        return self.folder.kubeconfig("host")

    @property
    def init(self) -> int:
        """The first process of the cluster's namespaces, by its number out here."""
        if not self._init:
            raise ClusterError(f"Cluster {self.name} is not running.")
        return self._init

    def start(self, *, tied: bool = True) -> None:
        """Return when all is ready.

        :param tied: False: the cluster outlives this process, until `down(name)`.
        :raises ClusterError: with the end of the log that explains it.
        """
        cache = cache_folder()
        prerequisites.ensure(self._report)
        programs = binaries.build(cache, self.tier, self._report)
        base = [images.build_pause(cache), images.build_busybox(cache)] if self.tier is Tier.FULL else []
        down(self.name)
        self.folder.log("boot").parent.mkdir(parents=True)
        self.folder.volumes.mkdir()
        archives = tuple(str(path.absolute()) for path in [*base, *self._images])
        spec = Spec(self.name, self.tier, str(programs), archives, self._hosts, tied)
        self.folder.spec.write_text(spec.to_json())
        pki.write_pki(self.folder)
        self._enter_namespaces(tied=tied)
        address = self.forward(0, API_ADDRESS)
        pki.write_kubeconfig(self.folder, "host", "admin", f"https://127.0.0.1:{address}")
        self._follow_boot()

    def stop(self) -> None:
        """End everything and leave nothing; a cluster that does not run is fine."""
        down(self.name)
        if self._unshare is not None:
            self._unshare.wait()
            if self._unshare.stdin:
                self._unshare.stdin.close()
        self._init = 0

    def run(
        self, command: Sequence[str], *, check: bool = True, text_input: str | None = None, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside the cluster's namespaces, as the node.

        :raises ClusterError: the exit code is not 0 and `check` holds; the text has what was printed.
        """
        return _run(self.enter(command), text_input, timeout, dict(os.environ), check=check)

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` inside the cluster's namespaces, for callers with pipes of their own."""
        return enter_command(self.init, list(command))

    def kubectl(
        self, *words: str, check: bool = True, text_input: str | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run our kubectl as the administrator. :raises ClusterError: as `run`."""
        command = [str(Path(Spec.from_json(self.folder.spec.read_text()).binaries) / "kubectl"), *words]
        return _run(command, text_input, timeout, {**os.environ, "KUBECONFIG": str(self.kubeconfig)}, check=check)

    def import_image(self, archive: Path) -> None:
        """Make a docker archive known to the node."""
        self.run(import_command(str(archive.absolute())), timeout=180)

    def forward(self, port: int, target: str) -> int:
        """Listen on 127.0.0.1:`port` of the machine and connect to `target` (`ip:port`) inside.

        :param port: 0 takes a free one. :returns: the port that listens.
        """
        return self._carry("in", f"127.0.0.1:{port}", target)

    def reverse(self, listen: str, target: str) -> int:
        """Listen on `listen` (`ip:port`) inside and connect to `target` of the machine: the way out for pods."""
        return self._carry("out", listen, target)

    def _carry(self, direction: str, listen: str, target: str) -> int:
        command = [*own("forward", self.folder), str(self.init), direction, listen, target]
        log = self.folder.log(f"forward-{direction}-{target.replace(':', '-')}")
        with log.open("ab") as errors:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                start_new_session=True,
                env=_environment(),
            )
        assert process.stdout is not None
        with process.stdout as output:
            line = output.readline().decode().strip()
        if not line:
            raise ClusterError(f"Nothing could listen on {listen} for cluster {self.name}.{last_lines(log)}")
        return int(line.rpartition(":")[2])

    def _enter_namespaces(self, *, tied: bool) -> None:
        with self.folder.log("boot").open("wb") as log:
            self._unshare = subprocess.Popen(
                unshare_command(own("init", self.folder)),
                # The pipe is the cluster's lifeline: the kernel closes it when this process ends.
                stdin=subprocess.PIPE if tied else subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                env=_environment(),
            )
        wait_until(self._finds_init, "the cluster's namespaces", deadline=10, log=self.folder.log("boot"))

    def _finds_init(self) -> bool:
        self._fail_if_ended()
        self._init = processes.init_of(self.folder) or 0
        return self._init != 0

    def _fail_if_ended(self) -> None:
        if self._unshare is not None and self._unshare.poll() is not None:
            reason = self.folder.failure.read_text() if self.folder.failure.exists() else "Its first process ended."
            raise ClusterError(f"Cluster {self.name} did not start. {reason}{last_lines(self.folder.log('boot'))}")

    def _follow_boot(self) -> None:
        told = 0

        def ready() -> bool:
            nonlocal told
            self._fail_if_ended()
            is_ready = self.folder.ready.exists()
            steps = self.folder.steps.read_text().splitlines() if self.folder.steps.exists() else []
            for line in steps[told:]:
                seconds, step = line.split("\t")
                self._report(f"{float(seconds):6.2f} s  {step}")
            told = len(steps)
            return is_ready

        wait_until(ready, f"cluster {self.name}", deadline=BOOT_DEADLINE, log=self.folder.log("boot"))


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
    if folder.path.exists():
        shutil.rmtree(folder.path)


def names() -> list[str]:
    """The clusters that have a run folder; whether one still runs, `Cluster.running` says."""
    return sorted(path.name for path in RUN_FOLDERS.iterdir()) if RUN_FOLDERS.is_dir() else []


def _environment() -> dict[str, str]:
    """No variable of the starter reaches the node but those that Python and programs are found by."""
    here = Path(__file__).parents[2]
    path = os.environ.get("PATH", os.defpath)
    return {"PATH": f"{path}:/usr/sbin:/sbin", "HOME": os.environ.get("HOME", "/root"), "PYTHONPATH": str(here)}


def _run(
    command: list[str], text_input: str | None, timeout: float, environment: Mapping[str, str], *, check: bool
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command, input=text_input, capture_output=True, text=True, timeout=timeout, check=False, env=environment
    )
    if check and done.returncode != 0:
        raise ClusterError(
            f"`{' '.join(command)}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()}"
        )
    return done
