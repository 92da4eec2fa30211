"""Python packages for an image: hashed wheels from a requirement file, and byte code that fits a read-only folder."""

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from images.debian import BuildError, Stage

PYTHON = "3.11"
"""The Python of Debian 12, for which wheels are chosen and byte code is compiled."""


def install_wheels(requirements: Path, into: Path, platforms: Sequence[str]) -> None:
    """Install a hashed requirement file into `into`, wheels only, for the image's Python and not for this one."""
    options = [
        "--disable-pip-version-check",
        "--no-compile",
        "--require-hashes",
        "--only-binary=:all:",
        f"--python-version={PYTHON}",
        "--implementation=cp",
        *[f"--abi={abi}" for abi in ("cp311", "abi3", "none")],
        *[f"--platform={platform}" for platform in platforms],
        f"--target={into}",
        f"--requirement={requirements}",
    ]
    _run([sys.executable, "-m", "pip", "install", "--quiet", *options], f"install {requirements.name}")


def compile_bytecode(stage: Stage, folder: Path, shown_as: str, library_folders: Sequence[str], loader: str) -> None:
    """Compile each module under `folder` with the staged Python, as if it lay at `shown_as`.

    The byte code is `unchecked-hash`: it depends on no time stamp, and a read-only mount needs no second look.
    """
    libraries = ":".join(str(stage.root / library.lstrip("/")) for library in library_folders)
    python = [str(stage.resolve(loader)), "--library-path", libraries, str(stage.resolve(f"/usr/bin/python{PYTHON}"))]
    modes = ["-q", "-f", "--invalidation-mode=unchecked-hash", "-s", str(folder), "-p", shown_as, str(folder)]
    environment = {"PYTHONHOME": str(stage.root / "usr"), "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    _run([*python, "-m", "compileall", *modes], f"compile the modules of {shown_as}", environment)


def _run(argv: Sequence[str], purpose: str, environment: dict[str, str] | None = None) -> None:
    outcome = subprocess.run(argv, check=False, capture_output=True, text=True, env=environment)
    if outcome.returncode:
        raise BuildError(f"could not {purpose}:\n{(outcome.stderr or outcome.stdout)[-2000:]}")
