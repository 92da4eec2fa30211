"""A cluster seen from outside: started, used and ended by one process."""

import re
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from berth_local.cluster import binaries, images, pki, prerequisites, processes
from berth_local.cluster.boot import import_command
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import API_ADDRESS, RunFolder, Spec, Tier, cache_folder
from berth_local.cluster.namespaces import enter_command
from berth_local.cluster.passages import (
    Direction,
    OpenPassage,
    Passage,
    open_passage,
)
from berth_local.cluster.startup import Startup
from berth_local.cluster.teardown import down

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
            raise ClusterError(
                f"{name!r} cannot name a cluster: use lower-case letters, digits and inner hyphens."
            )
        self.name = name
        self.tier = Tier(tier)
        self.folder = RunFolder(name)
        self._images = tuple(images)
        self._hosts = dict(hosts or {})
        self._report = report
        self._startup: Startup | None = None
        self._passages: list[OpenPassage] = []
        self._init = 0

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self.stop()

    @classmethod
    def running(cls, name: str) -> Self:
        """A handle on a cluster that another process has started.

        :raises ClusterError: no cluster of that name runs.
        """
        cluster = cls(name)
        init = processes.init_of(cluster.folder)
        if init is None or not cluster.folder.spec.exists():
            raise ClusterError(
                f"No cluster {name} runs here: start it with `python -m berth_local.cluster up {name}`."
            )
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
        base = (
            [images.build_pause(cache), images.build_busybox(cache)]
            if self.tier is Tier.FULL
            else []
        )
        down(self.name)
        self.folder.log("boot").parent.mkdir(parents=True)
        self.folder.volumes.mkdir()
        archives = tuple(str(path.absolute()) for path in [*base, *self._images])
        spec = Spec(self.name, self.tier, str(programs), archives, self._hosts, tied)
        self.folder.spec.write_text(spec.to_json())
        pki.write_pki(self.folder)
        self._startup = Startup(self.folder, tied=tied)
        self._init = self._startup.find_init()
        port = self.forward(0, API_ADDRESS)
        pki.write_kubeconfig(self.folder, "host", "admin", f"https://127.0.0.1:{port}")
        self._startup.follow(self._report)

    def stop(self) -> None:
        """End everything and leave nothing; a cluster that does not run is fine."""
        down(self.name)
        if self._startup is not None:
            self._startup.close()
        for passage in self._passages:
            passage.process.wait()
        self._passages.clear()
        self._init = 0

    def run(
        self,
        command: Sequence[str],
        *,
        check: bool = True,
        text_input: str | None = None,
        timeout: float = 60,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside the cluster's namespaces, as the node.

        :raises ClusterError: the exit code is not 0 and `check` holds; the text has what was printed.
        """
        return _run(self.enter(command), text_input, timeout, check=check)

    def enter(self, command: Sequence[str]) -> list[str]:
        """The command line that runs `command` inside the cluster's namespaces, for callers with pipes of their own."""
        return enter_command(self.init, list(command))

    @property
    def kubectl_command(self) -> tuple[str, ...]:
        """Our kubectl as the administrator, for callers with pipes of their own."""
        binaries = Path(Spec.from_json(self.folder.spec.read_text()).binaries)
        cache = self.folder.path / "kubectl"  # what kubectl learns of this cluster ends with it
        return (
            str(binaries / "kubectl"),
            *("--kubeconfig", str(self.kubeconfig)),
            *("--cache-dir", str(cache)),
        )

    def kubectl(
        self, *words: str, check: bool = True, text_input: str | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Run our kubectl as the administrator. :raises ClusterError: as `run`."""
        return _run([*self.kubectl_command, *words], text_input, timeout, check=check)

    def import_image(self, archive: Path) -> None:
        """Make a docker archive known to the node."""
        self.run(import_command(str(archive.absolute())), timeout=180)

    def forward(self, port: int, target: str) -> int:
        """Listen on 127.0.0.1:`port` of the machine and connect to `target` (`ip:port`) inside.

        :param port: 0 takes a free one. :returns: the port that listens.
        """
        return self._open("in", f"127.0.0.1:{port}", target)

    def reverse(self, listen: str, target: str) -> int:
        """Listen on `listen` (`ip:port`) inside and connect to `target` of the machine: the way out for pods."""
        return self._open("out", listen, target)

    def _open(self, direction: Direction, listen: str, target: str) -> int:
        passage = open_passage(self.folder, self.init, Passage(direction, listen, target))
        self._passages.append(passage)
        return passage.port


def _run(
    command: list[str],
    text_input: str | None,
    timeout: float,
    *,
    check: bool,
) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(
        command,
        input=text_input,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )
    if check and done.returncode != 0:
        raise ClusterError(
            f"`{' '.join(command)}` ended with {done.returncode}: {(done.stderr or done.stdout).strip()}"
        )
    return done
