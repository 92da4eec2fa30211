"""The root file system of our own programs: Debian's Python, the libraries that it needs, wheels, and nothing else.

No shell, no package manager, no Perl: what is not there needs no security update and serves no intruder.
"""

import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from images import libraries
from images.architectures import Architecture
from images.debian import Stage, unpack
from images.layers import write_layer
from images.python_parts import Interpreter, compile_bytecode, compiler, install_wheels

PYTHON_PACKAGES = (
    "ca-certificates",
    "libpython3.11-stdlib",
    "libstdc++6",
    "media-types",
    "netbase",
    "python3.11-minimal",
    "tzdata",
)
PYTHON = "/usr/bin/python3.11"
STANDARD_LIBRARY = "/usr/lib/python3.11"
WHEELS = "/usr/lib/python3/dist-packages"
APPLICATION = "/opt/berth"
USER_ID = 65532
DATA = (
    PYTHON,
    "/usr/share/zoneinfo",
    "/etc/mime.types",
    "/etc/protocols",
    "/etc/services",
    "/etc/ssl/openssl.cnf",
)
FILES = {
    "etc/passwd": f"root:x:0:0:root:/:/nologin\nberth:x:{USER_ID}:{USER_ID}:berth:/:/nologin\n",
    "etc/group": f"root:x:0:\nberth:x:{USER_ID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\nservices: files\nprotocols: files\n",
}
LINKS = {
    "usr/bin/python3": "python3.11",
    "usr/lib/ssl/openssl.cnf": "/etc/ssl/openssl.cnf",
    "usr/lib/ssl/cert.pem": "/etc/ssl/certs/ca-certificates.crt",
}
EMPTY_FOLDERS = ("tmp", "run", "proc", "sys", "dev")
LEFT_OUT = (
    "__pycache__",
    "ensurepip",
    "idlelib",
    "lib2to3",
    "pydoc_data",
    "test",
    "tests",
    "tkinter",
    "turtledemo",
)
WHEEL_PARTS_LEFT_OUT = ("kubernetes/aio",)
"""Parts of wheels that nothing of ours imports: the client's asynchronous twin alone is 68 MB."""


@dataclass(frozen=True, slots=True)
class Runtime:
    """What one program needs beneath its own code."""

    packages: tuple[str, ...]
    """Debian packages besides Python's."""
    programs: tuple[str, ...]
    """Their programs that are kept, by absolute path."""
    requirements: Path
    """Hashed requirement file."""


def build_runtime(runtime: Runtime, folder: Path, architecture: Architecture) -> None:
    """Write ``layer.tar`` and ``packages.txt`` (what Debian packages went in) to `folder`."""
    with tempfile.TemporaryDirectory(prefix="berth-runtime-") as scratch:
        stage = unpack(
            (*PYTHON_PACKAGES, *runtime.packages), Path(scratch) / "stage", architecture.name
        )
        root = Path(scratch) / "root"
        _copy_data(stage, root, runtime.programs)
        wheels = root / WHEELS.lstrip("/")
        install_wheels(runtime.requirements, wheels, architecture.wheel_platforms)
        for part in WHEEL_PARTS_LEFT_OUT:
            shutil.rmtree(wheels / part, ignore_errors=True)
        _copy_libraries(stage, root, architecture)
        python = compiler(stage, architecture, Path(scratch) / "compiler")
        for shown_as in (STANDARD_LIBRARY, WHEELS):
            compile_bytecode(python, root / shown_as.lstrip("/"), shown_as)
        stage.copy_licences(root)
        write_layer(root, folder / "layer.tar")
        (folder / "packages.txt").write_text(stage.packages)


def write_code_layer(repository: Path, parts: Sequence[str], out: Path) -> Path:
    """Write `parts` of our own code (folders or modules, relative to the repository) as one small layer."""
    with tempfile.TemporaryDirectory(prefix="berth-code-") as scratch:
        for part in parts:
            _copy(repository / part, Path(scratch) / part)
        if sys.version_info[:2] == (
            3,
            11,
        ):  # the image's Python; from another one the modules go without byte code
            compile_bytecode(Interpreter((sys.executable,)), Path(scratch), APPLICATION)
        return write_layer(Path(scratch), out, prefix=APPLICATION.lstrip("/"))


def _copy_data(stage: Stage, root: Path, programs: Sequence[str]) -> None:
    for path in (*DATA, *programs):
        _copy(stage.resolve(path), root / path.lstrip("/"))
    _copy(stage.resolve(STANDARD_LIBRARY), root / STANDARD_LIBRARY.lstrip("/"))
    trusted = sorted((stage.root / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    files = FILES | {
        "etc/ssl/certs/ca-certificates.crt": "".join(path.read_text() for path in trusted)
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)
    for name, target in LINKS.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).symlink_to(target)
    for name in EMPTY_FOLDERS:
        (root / name).mkdir()


def _copy_libraries(stage: Stage, root: Path, architecture: Architecture) -> None:
    for name, path in libraries.closure(stage, root, architecture).items():
        _copy(path, root / "usr/lib" / architecture.triplet / name)
    _copy(stage.resolve(architecture.loader), root / architecture.loader.lstrip("/"))
    (root / architecture.loader.lstrip("/")).chmod(0o755)


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(
            source, target, symlinks=True, ignore=shutil.ignore_patterns(*LEFT_OUT, "config-3.11-*")
        )
    else:
        shutil.copy(source, target)
