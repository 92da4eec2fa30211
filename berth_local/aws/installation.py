"""The emulator's programs, from the hashed locks and Debian, each in a folder of the cache named by its recipe."""

import os
import platform
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from berth_local.cluster import prerequisites
from berth_local.cluster.layout import cache_folder
from berth_local.site.steps import Steps
from images.cache import Cache, recipe_of

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES: Mapping[str, str] = {"bubblewrap": "/usr/bin/bwrap", "haproxy": "/usr/sbin/haproxy"}
"""Debian packages, each with what it brings."""
_MACHINE = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
_INTERFACE = f"samcli/local/rapid/aws-lambda-rie-{_MACHINE}"
"""The one file that is taken of the wheel of AWS's SAM."""


class Installation(NamedTuple):
    """Where everything lies."""

    interpreter: Path
    """The Python that emulator and functions run on; none of its packages are theirs."""
    emulator: Path
    """Folder of MiniStack and what it needs."""
    runtime: Path
    """Folder of what AWS's runtime brings: `/var/runtime`."""
    interface: Path
    """AWS's Runtime Interface Emulator."""


def install(steps: Steps) -> Installation:
    """Return the installation, made where it is not there yet (about 15 s, once).

    Raises ClusterError where Debian's packages are missing and cannot be installed, CalledProcessError where
    the package index does not give what the locks name.
    """
    missing = " ".join(prerequisites.missing_packages(PACKAGES))
    if missing and os.geteuid() != 0:
        raise RuntimeError(f"Debian packages are missing. As root: apt-get install {missing}")
    if missing:
        prerequisites.ensure(steps.say, PACKAGES)
    return Installation(
        interpreter=Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}"),
        emulator=_folder("emulator"),
        runtime=_folder("runtime"),
        interface=_interface(),
    )


def install_command_line(folder: Path) -> None:
    """Put the program `aws` into a folder for programs; it is in no environment of ours."""
    words = [
        f"PYTHONPATH={_folder('awscli')}",
        "exec",
        sys.executable,
        "-S",
        "-m",
        "awscli",
        '"$@"',
    ]
    program = folder / "aws"
    program.write_text(f"#!/bin/sh\n{' '.join(words)}\n")
    program.chmod(0o755)


def _folder(lock: str) -> Path:
    """The packages of a lock, with bytecode as an installed environment has it."""
    path = REPOSITORY / "requirements" / f"{lock}.txt"
    recipe = recipe_of(path, sys.version)
    return _cache().folder(lock, recipe, lambda folder: _fetch(path, folder, "--compile-bytecode"))


def _interface() -> Path:
    path = REPOSITORY / "requirements" / "interface.txt"

    def make(folder: Path) -> None:
        with tempfile.TemporaryDirectory(prefix="berth-interface-") as whole:
            _fetch(path, Path(whole), "--no-deps")
            shutil.copy(Path(whole, _INTERFACE), folder / "interface")
        (folder / "interface").chmod(0o755)

    return _cache().folder("interface", recipe_of(path, _INTERFACE), make) / "interface"


def _cache() -> Cache:
    return Cache(cache_folder() / "aws")


def _fetch(lock: Path, target: Path, *options: str) -> None:
    uv = str(Path(sys.executable).with_name("uv"))
    words = [uv, "pip", "install", "--quiet", "--python", sys.executable, "--require-hashes"]
    words += ["--target", str(target), *options, "-r", str(lock)]
    subprocess.run(words, check=True)
