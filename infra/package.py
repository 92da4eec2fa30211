"""The Lambda package: what `chalice package` builds of a clean copy, written anew so that it is always alike.

The copy holds only what git has or would take. Chalice's archive has the order and the times of the
day; ours is sorted, has one time, and holds byte code that is valid without a look at its source.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from checks.tree import files

SHIPPED = ("app.py", "chalicelib", ".chalice", "requirements.txt", "vendor")
ARCHIVE, TEMPLATE = "deployment.zip", "sam.json"
"""What `chalice package` writes."""
ARCHITECTURES = ("x86_64", "arm64")
MOMENT = (1980, 1, 1, 0, 0, 0)
"""The earliest time that an archive can hold."""
RUN_FROM = "/var/task"
"""Where Lambda unpacks it: tracebacks name files there."""
NOT_RUN = r"/(cffi|pycparser|tests|benchmarks)/|/pydantic/(v1|deprecated|experimental)/|/pydantic/mypy\.py$"
"""What ships with our libraries and no request loads: it has its source, and no byte code beside it."""
_READABLE = 0o100644 << 16
_NO_ACCOUNT = {"AWS_DEFAULT_REGION": "eu-central-1"}
"""Chalice asks for a region to package, and calls nothing in it."""


class Refused(Exception):
    """This cannot be built or deployed; the message says why and what to do."""


def architecture_of(root: Path, stage: str) -> str:
    """Return for which machines a stage is. Raises Refused where there is no such stage."""
    config = json.loads((root / ".chalice/config.json").read_text(encoding="utf-8"))
    if stage not in config["stages"]:
        raise Refused(
            f"There is no stage {stage} in .chalice/config.json: write it by infra.stage."
        )
    chosen: str = config["stages"][stage].get("lambda_architecture", "x86_64")
    return chosen


def copy_project(root: Path, folder: Path) -> None:
    """Copy what Chalice needs of a tree, and nothing that git would not take."""
    for path in files(root, *SHIPPED):
        copied = folder / path.relative_to(root)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)


def build(project: Path, stage: str, architecture: str = "") -> Path:
    """Build the package of a stage in a copy, and return the folder of the archive and its template.

    The archive also stands where Chalice looks for it: `chalice deploy` in that copy uploads it as it
    is. Another architecture than the stage's may be given. Raises CalledProcessError.
    """
    if architecture:
        configuration = project / ".chalice/config.json"
        config = json.loads(configuration.read_text(encoding="utf-8"))
        config["stages"][stage]["lambda_architecture"] = architecture
        configuration.write_text(json.dumps(config), encoding="utf-8")
    built = project / ".chalice/deployments"
    shutil.rmtree(built, ignore_errors=True)
    out = describe(project, stage)
    (archive,) = built.glob("*.zip")
    write_alike(archive)
    shutil.copyfile(archive, out / ARCHIVE)
    return out


def describe(project: Path, stage: str) -> Path:
    """Have Chalice write the template of a stage, and its archive where none is built; the folder of both."""
    out, names = project / "out", project / f".chalice/template-{stage}.json"
    merged = ["--merge-template", str(names)] if names.is_file() else []
    chalice(project, "package", "--stage", stage, *merged, str(out))
    return out


def chalice(project: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
    """Run Chalice in a project and return what it printed.

    ``environment`` is how it finds an account; without one it packages only. Raises
    CalledProcessError, with Chalice's words on standard error.
    """
    program = Path(sys.executable).with_name("chalice")
    chosen = _of_pip() | dict(_NO_ACCOUNT if environment is None else environment)
    chosen["PATH"] = f"{program.parent}:{chosen.get('PATH', '/usr/bin:/bin')}"
    chosen["PYTHONDONTWRITEBYTECODE"] = "1"  # importing app.py to find the routes must leave none
    done = subprocess.run(
        [program, *arguments],
        cwd=project,
        env=chosen,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return done.stdout


def _of_pip() -> dict[str, str]:
    """Return what pip needs of our environment: where to fetch, whom to trust, where to cache."""
    kept = ("PIP_", "HOME", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy", "LANG")
    return {name: value for name, value in os.environ.items() if name.startswith(kept)}


def write_alike(archive: Path) -> None:
    """Write an archive anew: sorted, of one time, with byte code of our own."""
    with tempfile.TemporaryDirectory(prefix="berth-alike-") as name:
        folder = Path(name)
        with zipfile.ZipFile(archive) as given:
            given.extractall(folder)
        for stale in folder.rglob("*.pyc"):
            stale.unlink()
        _compile(folder)
        written = archive.with_suffix(".alike")
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                entry = zipfile.ZipInfo(path.relative_to(folder).as_posix(), MOMENT)
                entry.external_attr, entry.compress_type = _READABLE, zipfile.ZIP_DEFLATED
                package.writestr(entry, path.read_bytes())
    written.replace(archive)


def _compile(folder: Path) -> None:
    # In a process that has loaded nothing else: which strings are shared in byte code depends on that.
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", RUN_FROM]
    subprocess.run(
        [sys.executable, "-S", "-P", "-m", "compileall", *options, "-x", NOT_RUN, str(folder)],
        env={"PYTHONHASHSEED": "0"},
        check=True,
    )
