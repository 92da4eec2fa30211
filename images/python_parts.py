"""Python packages for an image: hashed wheels from a requirement file, and byte code that fits a read-only folder."""

import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from images.architectures import AMD64, ARM64, Architecture
from images.debian import BuildError, Stage, unpack

PYTHON = "3.11"
"""The Python of Debian 12, for which wheels are chosen and byte code is compiled."""
_COMPILER = ("libpython3.11-stdlib", "python3.11-minimal")
_NATIVE = {"x86_64": AMD64, "aarch64": ARM64}


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
    _run(
        [sys.executable, "-m", "pip", "install", "--quiet", *options],
        f"install {requirements.name}",
    )
    # Their commands begin with the path of the Python that installed them, which is none of the image's;
    # the lists of files hold those commands' hashes.
    shutil.rmtree(into / "bin", ignore_errors=True)
    for record in into.glob("*.dist-info/RECORD"):
        record.unlink()


@dataclass(frozen=True, slots=True)
class Interpreter:
    """A Python that compiles modules: words to run it, and its environment."""

    words: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def compiler(stage: Stage, architecture: Architecture, scratch: Path) -> Interpreter:
    """The Python of Debian that the image will hold or, where this machine cannot run that, the same for this machine.

    Byte code is the same for all. `scratch` does not exist yet.
    """
    native = _NATIVE.get(platform.machine(), architecture)
    if native is architecture:
        return _staged(stage, architecture)
    return _staged(unpack(_COMPILER, scratch, native.name), native)


def _staged(stage: Stage, architecture: Architecture) -> Interpreter:
    """The unpacked Python, run in place by its own loader."""
    libraries = ":".join(
        str(stage.root / folder.lstrip("/")) for folder in architecture.library_folders
    )
    loader, python = stage.resolve(architecture.loader), stage.resolve(f"/usr/bin/python{PYTHON}")
    return Interpreter(
        (str(loader), "--library-path", libraries, str(python)),
        {"PYTHONHOME": str(stage.root / "usr")},
    )


def compile_bytecode(python: Interpreter, folder: Path, shown_as: str) -> None:
    """Compile each module under `folder` as if it lay at `shown_as`.

    The byte code is `unchecked-hash`: it depends on no time stamp, and a read-only mount needs no second look.
    """
    modes = [
        "-q",
        "-f",
        "--invalidation-mode=unchecked-hash",
        "-s",
        str(folder),
        "-p",
        shown_as,
        str(folder),
    ]
    # Without a fixed seed the order of constant sets, and with it the byte code, would differ from run to run.
    environment = {**python.environment, "PYTHONHASHSEED": "0", "LC_ALL": "C.UTF-8"}
    _run(
        [*python.words, "-m", "compileall", *modes],
        f"compile the modules of {shown_as}",
        environment,
    )


def _run(argv: Sequence[str], purpose: str, environment: dict[str, str] | None = None) -> None:
    outcome = subprocess.run(argv, check=False, capture_output=True, text=True, env=environment)
    if outcome.returncode:
        raise BuildError(f"could not {purpose}:\n{(outcome.stderr or outcome.stdout)[-2000:]}")
