"""Building the tools image: Debian's packages, the wheels and npm parts of the web terminal, our own files."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from images.architectures import Architecture
from images.debian import BuildError, Stage, unpack
from images.layers import write_layer
from images.python_parts import compile_bytecode, compiler, install_wheels
from images.tools import contents
from images.tools.assembly import assemble, finish
from images.tools.relocation import ROOT

HERE = Path(__file__).parent
REQUIREMENTS = HERE / "requirements.txt"
NPM_FILES = ("package.json", "package-lock.json")

BUNDLE = "bundle"
"""Where the image holds what an init container copies to ``/.berth``."""


def build_bundle(stage: Stage, bundle: Path, architecture: Architecture) -> None:
    """Fill the empty folder `bundle`, which is to be mounted at ``/.berth``, from the unpacked packages."""
    assemble(stage, bundle, architecture)
    install_wheels(REQUIREMENTS, bundle / "web", architecture.wheel_platforms)
    shutil.rmtree(bundle / "web/bin", ignore_errors=True)
    _add_xterm(bundle / "web/static")
    finish(bundle, architecture)
    with tempfile.TemporaryDirectory(prefix="berth-compiler-") as scratch:
        python = compiler(stage, architecture, Path(scratch) / "stage")
        for folder in ("lib/python3.11", "web"):
            compile_bytecode(python, bundle / folder, f"{ROOT}/{folder}")


def build_layer(folder: Path, architecture: Architecture) -> None:
    """Write ``layer.tar`` (the image's only layer) and ``packages.txt`` (what Debian packages went in) to `folder`."""
    with tempfile.TemporaryDirectory(prefix="berth-tools-") as scratch:
        stage = unpack(contents.PACKAGES, Path(scratch) / "stage", architecture.name)
        root = Path(scratch) / "root"
        build_bundle(stage, root / BUNDLE, architecture)
        (root / "bin").mkdir()
        shutil.copy(root / BUNDLE / "bin/busybox", root / "bin/busybox")
        (root / "tmp").mkdir()
        stage.copy_licences(root)
        write_layer(root, folder / "layer.tar")
        (folder / "packages.txt").write_text(stage.packages)


def _add_xterm(static: Path) -> None:
    with tempfile.TemporaryDirectory(prefix="berth-npm-") as scratch:
        for name in NPM_FILES:
            shutil.copy(HERE / name, scratch)
        _npm_ci(Path(scratch))
        for source, name in contents.XTERM_FILES.items():
            shutil.copy(Path(scratch) / "node_modules" / source, static / name)


def _npm_ci(folder: Path) -> None:
    argv = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    try:
        subprocess.run(argv, cwd=folder, check=True, capture_output=True, text=True)
    except FileNotFoundError:
        raise BuildError(
            "npm is not on the PATH: it fetches xterm.js for the web terminal"
        ) from None
    except subprocess.CalledProcessError as failure:
        raise BuildError(f"npm could not fetch xterm.js:\n{failure.stderr[-2000:]}") from None
