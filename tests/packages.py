"""Packages that tests build."""

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from checks.package import Package, weigh
from checks.tree import ROOT
from infra.package import ARCHIVE


class Built(NamedTuple):
    """A package, and what it weighs."""

    archive: Path
    package: Package


def build(folder: Path, seed: int, architecture: str = "x86_64") -> Built:
    """Build the package as `make package` does, in a process of its own."""
    asked = ["--architecture", architecture, "--out", str(folder)]
    subprocess.run(
        [sys.executable, "-m", "checks.package", *asked],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": str(seed)},
        capture_output=True,
        check=True,
    )
    archive = folder / ARCHIVE
    return Built(archive, weigh(archive))
