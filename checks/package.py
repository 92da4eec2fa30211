"""The Lambda package on the scales, and its machine code held against what the runtime of Lambda has.

`python -m checks.package [--stage dev] [--architecture arm64] [--out FOLDER]` builds it in a temporary folder.
"""

import argparse
import hashlib
import io
import re
import shutil
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from checks.tree import ROOT
from infra import package as packages

LIMIT_MB = 12
NEVER_SHIPPED = frozenset({"boto3", "botocore", "kubernetes"})
"""The runtime of Lambda brings the first two; the third belongs to the programs in the cluster."""
MACHINES = {"x86_64": "EM_X86_64", "arm64": "EM_AARCH64"}
NEWEST_GLIBC = (2, 34) if sys.version_info >= (3, 12) else (2, 26)
"""Of Lambda's runtime for this Python: Amazon Linux 2023 from 3.12 on, Amazon Linux 2 before."""

_MB = 1_000_000
_GLIBC = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")


class Library(NamedTuple):
    """A file of machine code."""

    name: str
    machine: str
    """As ELF calls it, such as ``EM_X86_64``."""
    glibc: tuple[int, int]
    """The newest version of the C library that it asks for; (0, 0): it asks for none."""


class Package(NamedTuple):
    """What a build weighs."""

    zipped: int
    """Bytes of the archive that is uploaded."""
    folders: Counter[str]
    """Bytes on disk after unpacking, by the name at the top of the archive."""
    libraries: tuple[Library, ...] = ()
    digest: str = ""
    """SHA-256 of the archive."""


def build(stage: str = "dev", architecture: str = "x86_64", out: Path | None = None) -> Package:
    """Build the package of a stage and weigh it; `out` keeps archive and template.

    Raises CalledProcessError with Chalice's words.
    """
    with tempfile.TemporaryDirectory(prefix="berth-package-") as folder:
        packages.copy_project(ROOT, Path(folder))
        built = packages.build(Path(folder), stage, architecture)
        if out is not None:
            shutil.copytree(built, out, dirs_exist_ok=True)
        return weigh(built / packages.ARCHIVE)


def weigh(archive: Path) -> Package:
    """Weigh an archive, as it is and unpacked, and read its machine code."""
    folders, libraries = Counter[str](), list[Library]()
    with zipfile.ZipFile(archive) as package:
        for entry in package.infolist():
            folders[entry.filename.split("/")[0]] += entry.file_size
            with package.open(entry) as file:
                if file.read(4) == b"\x7fELF":
                    libraries.append(library(entry.filename, package.read(entry)))
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return Package(archive.stat().st_size, folders, tuple(libraries), digest)


def library(name: str, content: bytes) -> Library:
    """Read what a file of machine code is for, and what it asks for."""
    elf = ELFFile(io.BytesIO(content))
    return Library(name, elf["e_machine"], max(_glibc(elf), default=(0, 0)))


def _glibc(elf: ELFFile) -> Iterator[tuple[int, int]]:
    for section in elf.iter_sections():
        if not isinstance(section, GNUVerNeedSection):
            continue
        for _, versions in section.iter_versions():
            for version in versions:
                if found := _GLIBC.fullmatch(version.name):
                    yield int(found[1]), int(found[2])


def problems(package: Package, architecture: str = "x86_64") -> list[str]:
    """Return what is wrong with a package; empty when it may be deployed."""
    found = [f"{name} is in the package" for name in sorted(NEVER_SHIPPED & package.folders.keys())]
    if package.zipped > LIMIT_MB * _MB:
        found.append(f"{package.zipped / _MB:.1f} MB zipped, at most {LIMIT_MB} MB are allowed")
    for each in package.libraries:
        if each.machine != MACHINES[architecture]:
            found.append(f"{each.name} is for {each.machine}, not for {architecture}")
        if each.glibc > NEWEST_GLIBC:
            found.append(
                f"{each.name} asks for glibc {_dotted(each.glibc)}, Lambda has {_dotted(NEWEST_GLIBC)}"
            )
    return found


def _dotted(version: tuple[int, int]) -> str:
    return ".".join(map(str, version))


def main(arguments: Sequence[str] | None = None) -> int:
    """Build, print the sizes, largest first, and 1 when the package may not be deployed."""
    parser = argparse.ArgumentParser(prog="python -m checks.package")
    parser.add_argument("--stage", default="dev")
    parser.add_argument("--architecture", choices=packages.ARCHITECTURES)
    parser.add_argument("--out", type=Path, help="keep the archive and its template in this folder")
    asked = parser.parse_args(arguments)
    architecture = asked.architecture or packages.architecture_of(ROOT, asked.stage)
    package = build(asked.stage, architecture, asked.out)
    _show(package)
    found = problems(package, architecture)
    print(*(f"error: {problem}" for problem in found), sep="\n", end="\n" if found else "")
    return int(bool(found))


def _show(package: Package) -> None:
    newest = max((each.glibc for each in package.libraries), default=(0, 0))
    print(f"sha256 {package.digest}")
    print(f"{package.zipped / _MB:6.2f} MB zipped (limit {LIMIT_MB})")
    print(
        f"{len(package.libraries)} libraries, glibc {_dotted(newest)} at most (limit {_dotted(NEWEST_GLIBC)})"
    )
    print(f"{package.folders.total() / _MB:6.2f} MB unpacked, of it")
    for name, size in package.folders.most_common(12):
        print(f"{size / _MB:8.2f} MB {name}")


if __name__ == "__main__":
    sys.exit(main())
