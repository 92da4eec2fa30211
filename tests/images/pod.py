"""A stand-in for a workspace's pod: a root folder, the bundle at /.berth, any user, no capability.

Needs root. The root folder is read-only; /.berth-run and /projects are the only writable places, as in the cluster.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

MOUNT_POINTS = ("proc", "dev", "tmp", ".berth", ".berth-run", "projects")
ENTER = r"""
set -eu
mount --bind "$IMAGE" "$ROOT" && mount -o remount,ro,bind "$ROOT"
mount -t proc proc "$ROOT/proc"
mount -t tmpfs -o mode=755 tmpfs "$ROOT/dev" && mkdir "$ROOT/dev/pts" "$ROOT/dev/shm"
for device in null zero full random urandom tty; do
  touch "$ROOT/dev/$device" && mount --bind "/dev/$device" "$ROOT/dev/$device"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$ROOT/dev/pts"
ln -s pts/ptmx "$ROOT/dev/ptmx"
ln -s /proc/self/fd "$ROOT/dev/fd"
touch "$ROOT/dev/termination-log" && chmod 666 "$ROOT/dev/termination-log"
mount -t tmpfs -o mode=1777 tmpfs "$ROOT/tmp"
mount --bind "$BUNDLE" "$ROOT/.berth" && mount -o remount,ro,bind,nosuid,nodev "$ROOT/.berth"
mount --bind "$RUN" "$ROOT/.berth-run"
mount --bind "$PROJECTS" "$ROOT/projects"
cd "$ROOT"
exec $TRACER "$@"
"""


@dataclass(frozen=True)
class Pod:
    """One pod that runs commands; `projects` and `run` are what it writes to."""

    image: Path
    bundle: Path
    user_id: int
    folder: Path
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def projects(self) -> Path:
        return self.folder / "projects"

    @property
    def run(self) -> Path:
        return self.folder / "run"

    @contextlib.contextmanager
    def started(self, *words: str, tracer: str = "") -> Iterator[subprocess.Popen[str]]:
        """The process while the block runs; it is killed with all its children afterwards."""
        with (
            tempfile.TemporaryDirectory(dir=self.folder) as root,
            self._spawn(words, Path(root), tracer) as process,
        ):
            try:
                yield process
            finally:
                with contextlib.suppress(ProcessLookupError):  # it has ended by itself
                    os.killpg(process.pid, signal.SIGKILL)

    def output(self, *words: str, timeout: float = 30) -> str:
        """What a command that runs in the pod prints."""
        with self.started(*words) as process:
            process.wait(timeout)
        return self.said

    @property
    def said(self) -> str:
        """What the last command printed so far."""
        return (self.folder / "output").read_text()

    def _spawn(self, words: Sequence[str], root: Path, tracer: str) -> subprocess.Popen[str]:
        for folder in (self.projects, self.run):
            folder.mkdir(exist_ok=True)
            os.chown(folder, self.user_id, 0)
        settings = {"PATH": "/usr/bin:/bin", "HOME": "/projects/home", **self.environment}
        variables = [f"{name}={value}" for name, value in settings.items()]
        enter = [
            "/.berth/bin/busybox",
            "env",
            "-i",
            *variables,
        ]  # static: the variables do not touch it
        unshare = [
            "unshare",
            "-m",
            "-p",
            "-f",
            "-i",
            "--kill-child",
            "--propagation",
            "private",
            "bash",
            "-c",
        ]
        drop = [
            "--bounding-set=-all,+sys_chroot,+setuid,+setgid",
            "--inh-caps=-all",
            "--no-new-privs",
        ]
        chroot = ["/usr/sbin/chroot", f"--userspec={self.user_id}:0", "--groups=", str(root)]
        places = {"IMAGE": self.image, "BUNDLE": self.bundle, "ROOT": root}
        places |= {"RUN": self.run, "PROJECTS": self.projects}
        with (self.folder / "output").open("w") as output:
            return subprocess.Popen(
                [*unshare, ENTER, "pod", "/usr/bin/setpriv", *drop, *chroot, *enter, *words],
                env={
                    **os.environ,
                    **{name: str(path) for name, path in places.items()},
                    "TRACER": tracer,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
                text=True,
                start_new_session=True,
            )


def empty_image(folder: Path) -> Path:
    """A root folder with nothing but the mount points that a container runtime makes."""
    for name in MOUNT_POINTS:
        (folder / name).mkdir(parents=True)
    return folder


def busybox_image(folder: Path, busybox: Path) -> Path:
    """A root folder with a static busybox for all programs."""
    empty_image(folder)
    (folder / "bin").mkdir()
    shutil.copy(busybox, folder / "bin/busybox")
    for name in ("sh", "ls", "cat", "id", "env"):
        (folder / "bin" / name).symlink_to("busybox")
    return folder
