"""The Lambda package: what `chalice package` builds of a clean copy, written anew so that it is always alike.

The copy holds only what git has or would take. Chalice's archive has the order and the times of the
day; ours is sorted, has one time, and holds byte code that is valid without a look at its source.
"""

import json
import os
import py_compile
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from checks.tree import ROOT, files

SHIPPED = ("app.py", "chalicelib", ".chalice", "requirements.txt")
ARCHITECTURES = ("x86_64", "arm64")
MOMENT = (1980, 1, 1, 0, 0, 0)
"""The earliest time that an archive can hold."""
RUN_FROM = "/var/task"
"""Where Lambda unpacks it: tracebacks name files there."""
NOT_RUN = re.compile(
    r"(cffi|pycparser|pydantic/(v1|deprecated|experimental|mypy\.py)|.+/(tests|benchmarks))\b.*"
)
"""What ships with our libraries and no request loads: it has its source, and no byte code beside it."""
_READABLE = 0o100644 << 16


def copy(target: Path, root: Path = ROOT) -> Path:
    """Copy what a deployment needs to a folder, and return that."""
    for path in files(root, *SHIPPED):
        copied = target / path.relative_to(root)
        copied.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copied)
    return target


def build(project: Path, stage: str, architecture: str = "") -> Path:
    """Build the package of a stage in a copy, and return it.

    It stands where Chalice looks for it: `chalice deploy` in that copy uploads it as it is. Another
    architecture than the stage's may be given. Raises CalledProcessError with Chalice's words.
    """
    if architecture:
        configuration = project / ".chalice/config.json"
        config = json.loads(configuration.read_text(encoding="utf-8"))
        config["stages"][stage]["lambda_architecture"] = architecture
        configuration.write_text(json.dumps(config), encoding="utf-8")
    chalice(project, "package", "--stage", stage, str(project / "out"))
    (archive,) = (project / ".chalice/deployments").glob("*.zip")
    write_alike(archive)
    shutil.copyfile(archive, project / "out/deployment.zip")
    return archive


def chalice(project: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
    """Run Chalice in a copy. Without an environment it packages only: it reaches no account."""
    program = Path(sys.executable).with_name("chalice")
    chosen = {
        **(_inherited() if environment is None else environment),
        "PATH": f"{program.parent}:/usr/bin:/bin",
        "PYTHONDONTWRITEBYTECODE": "1",  # importing app.py to find the routes must leave none behind
    }
    subprocess.run([program, *arguments], cwd=project, env=chosen, check=True)


def _inherited() -> dict[str, str]:
    """Return what pip needs of our environment: where to fetch, whom to trust, where to cache."""
    kept = ("PIP_", "HOME", "SSL_", "REQUESTS_", "HTTP", "http", "NO_PROXY", "no_proxy", "LANG")
    region = {"AWS_DEFAULT_REGION": "eu-central-1"}  # Chalice asks for one and calls nothing in it
    return region | {name: value for name, value in os.environ.items() if name.startswith(kept)}


def write_alike(archive: Path, *, compiled: bool = True) -> None:
    """Write an archive anew: sorted, of one time, with our own byte code or none."""
    with tempfile.TemporaryDirectory(prefix="berth-alike-") as folder:
        with zipfile.ZipFile(archive) as given:
            given.extractall(folder)
        written = archive.with_suffix(".alike")
        with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as package:
            for name, content in sorted(_contents(Path(folder), compiled=compiled)):
                entry = zipfile.ZipInfo(name, MOMENT)
                entry.external_attr, entry.compress_type = _READABLE, zipfile.ZIP_DEFLATED
                package.writestr(entry, content)
    written.replace(archive)


def _contents(folder: Path, *, compiled: bool) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_dir() or path.suffix == ".pyc":
            continue
        name = path.relative_to(folder)
        yield name.as_posix(), path.read_bytes()
        if compiled and path.suffix == ".py" and not NOT_RUN.fullmatch(name.as_posix()):
            cached = name.parent / "__pycache__" / f"{name.stem}.{sys.implementation.cache_tag}.pyc"
            if (code := _byte_code(path, name)) is not None:
                yield cached.as_posix(), code


def _byte_code(path: Path, name: Path) -> bytes | None:
    """Return the byte code of a file; none of what is no Python of this version."""
    with tempfile.NamedTemporaryFile(suffix=".pyc") as made:
        try:
            py_compile.compile(
                str(path),
                cfile=made.name,
                dfile=f"{RUN_FROM}/{name.as_posix()}",
                doraise=True,
                invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
            )
        except py_compile.PyCompileError:
            return None
        return Path(made.name).read_bytes()
