"""The Lambda package on the scales: built by `chalice package` from a clean copy, in a temporary folder.

The copy holds only what git has or would take, so that no bytecode is shipped: two builds of one tree are alike.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from checks.tree import ROOT, files

SHIPPED = ("app.py", "chalicelib", ".chalice", "requirements.txt")
LIMIT_MB = 12
NEVER_SHIPPED = frozenset({"boto3", "botocore", "kubernetes"})
"""The runtime of Lambda brings the first two; the third belongs to the programs in the cluster."""

_MB = 1_000_000


class Package(NamedTuple):
    """What a build weighs."""

    zipped: int
    """Bytes of the archive that is uploaded."""
    folders: Counter[str]
    """Bytes on disk after unpacking, by the name at the top of the archive."""


def build(root: Path = ROOT, stage: str = "dev") -> Package:
    """Build the package of a stage and weigh it. Raises CalledProcessError with Chalice's words."""
    with tempfile.TemporaryDirectory(prefix="berth-package-") as folder:
        copy, out = Path(folder) / "project", Path(folder) / "out"
        copy_project(root, copy)
        chalice(copy, "package", "--stage", stage, str(out))
        return weigh(out / "deployment.zip")


def copy_project(root: Path, copy: Path) -> None:
    """Copy what Chalice needs of a tree, and nothing that git would not take."""
    for path in files(root, *SHIPPED):
        target = copy / path.relative_to(root)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)


def weigh(archive: Path) -> Package:
    """Weigh an archive, as it is and unpacked."""
    folders: Counter[str] = Counter()
    with zipfile.ZipFile(archive) as package:
        for entry in package.infolist():
            folders[entry.filename.split("/")[0]] += entry.file_size
    return Package(archive.stat().st_size, folders)


def chalice(project: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run Chalice in a project and return what it printed; `environment` goes before its own.

    Raises CalledProcessError, with Chalice's words on standard error.
    """
    program = Path(sys.executable).with_name("chalice")
    own = {
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",  # importing app.py to find the routes must leave none behind
        "AWS_DEFAULT_REGION": "eu-central-1",  # spelled into the template only; nothing is called
    }
    done = subprocess.run(
        [program, *arguments],
        cwd=project,
        env=_inherited() | own | dict(environment or {}),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _inherited() -> dict[str, str]:
    """Return what pip needs of our environment: where to fetch, whom to trust, where to cache."""
    kept = ("PIP_", "HOME", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy", "LANG")
    return {name: value for name, value in os.environ.items() if name.startswith(kept)}


def problems(package: Package) -> list[str]:
    """Return what is wrong with a package; empty when it may be deployed."""
    found = [f"{name} is in the package" for name in sorted(NEVER_SHIPPED & package.folders.keys())]
    if package.zipped > LIMIT_MB * _MB:
        found.append(f"{package.zipped / _MB:.1f} MB zipped, at most {LIMIT_MB} MB are allowed")
    return found


def main() -> int:
    """Build, print the sizes, largest first, and 1 when the package may not be deployed."""
    package = build()
    print(f"{package.zipped / _MB:6.2f} MB zipped (limit {LIMIT_MB})")
    print(f"{package.folders.total() / _MB:6.2f} MB unpacked, of it")
    for name, size in package.folders.most_common(12):
        print(f"{size / _MB:8.2f} MB {name}")
    found = problems(package)
    print(*(f"error: {problem}" for problem in found), sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
