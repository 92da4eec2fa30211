"""Debian 12 packages, unpacked without installing them: nothing of the target runs, so any architecture can be staged."""

import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

SUITE = "bookworm"
SUITES = frozenset({SUITE, f"{SUITE}-updates", f"{SUITE}-security"})
SOURCE_FOLDER = Path("/etc/apt")
PACKAGE_LIST = "packages.txt"

_ONE_LINE = re.compile(r"^deb\s+(?:\[[^]]*]\s+)?\S+\s+(?P<suite>\S+)\s+(?P<components>.+)$")
_LIST_PACKAGES = 'cd "$1/var/cache/apt/archives" && sha256sum -- *.deb > "$1/packages.txt"'


class BuildError(Exception):
    """A build that cannot go on; the message says what to do."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A folder of unpacked packages. Links inside it are relative to its own root, never to the machine's."""

    root: Path

    def resolve(self, path: str) -> Path:
        """The file behind an absolute `path` of the stage, with every link followed inside the stage."""
        current = path
        for _ in range(20):
            found = self.root / current.lstrip("/")
            if not found.is_symlink():
                if not found.exists():
                    raise BuildError(
                        f"{path} is in none of the staged packages: add the package that holds it"
                    )
                return found
            current = os.path.normpath(Path(current).parent / found.readlink())
        raise BuildError(f"{path}: too many links")

    def holds(self, path: str) -> bool:
        """Whether `path` is in the stage (a dangling link counts)."""
        return os.path.lexists(self.root / path.lstrip("/"))

    @property
    def packages(self) -> str:
        """One line for each package: SHA-256 of the .deb and its file name, with version and architecture."""
        return (self.root / PACKAGE_LIST).read_text()

    def copy_licences(self, root: Path) -> None:
        """Copy each package's copyright file to the same place under `root`: who passes programs on must."""
        for source in sorted(self.root.glob("usr/share/doc/*/copyright")):
            if source.exists():  # some are links into packages that were left out
                target = root / source.relative_to(self.root)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(source, target)


def unpack(packages: Sequence[str], into: Path, architecture: str = "amd64") -> Stage:
    """Fetch `packages` with all they depend on and unpack them into the new folder `into`; run no script of theirs."""
    mmdebstrap(
        [
            "--variant=extract",
            f"--architectures={architecture}",
            f"--include={','.join(packages)}",
            f"--extract-hook={_LIST_PACKAGES}",
        ],
        into,
    )
    return Stage(into)


def mmdebstrap(options: Sequence[str], target: Path) -> None:
    """Run mmdebstrap for `SUITE` with the machine's own package sources. Raises `BuildError` with its last lines."""
    with tempfile.TemporaryDirectory() as scratch:
        mirrors = [
            _mirror_argument(source, Path(scratch)) for source in suite_sources(SOURCE_FOLDER)
        ]
        # Without a mirror of the machine's, mmdebstrap takes Debian's own, security updates included.
        argv = ["mmdebstrap", *options, SUITE, str(target), *mirrors]
        try:
            subprocess.run(argv, check=True, capture_output=True, text=True, env=_environment())
        except FileNotFoundError:
            raise BuildError("mmdebstrap is not installed: apt-get install mmdebstrap") from None
        except subprocess.CalledProcessError as failure:
            last_lines = "\n".join(failure.stderr.splitlines()[-15:])
            raise BuildError(f"mmdebstrap could not make {target.name}:\n{last_lines}") from None


def _mirror_argument(source: str, scratch: Path) -> str:
    """A one-line source goes as it is; a deb822 stanza goes in a file of its own."""
    if source.startswith("deb "):
        return source
    file = scratch / f"{hashlib.sha256(source.encode()).hexdigest()[:12]}.sources"
    file.write_text(f"{source}\n")
    return str(file)


def suite_sources(folder: Path) -> Iterator[str]:
    """The machine's package sources of our suite's `main`: deb822 stanzas and one-line entries, other vendors left out."""
    files = [folder / "sources.list", *sorted((folder / "sources.list.d").glob("*"))]
    for file in files:
        if file.suffix == ".sources":
            yield from _deb822_stanzas(file.read_text())
        elif file.suffix == ".list" and file.is_file():
            yield from _one_line_stanzas(file.read_text())


def _deb822_stanzas(text: str) -> Iterator[str]:
    for stanza in re.split(r"\n\s*\n", text):
        lines = [line for line in stanza.splitlines() if line.strip() and not line.startswith("#")]
        fields = {
            key.lower(): value.split() for key, _, value in (line.partition(":") for line in lines)
        }
        enabled = fields.get("enabled", ["yes"]) != ["no"]
        if (
            enabled
            and "deb" in fields.get("types", [])
            and _is_ours(fields.get("suites", []), fields)
        ):
            yield "\n".join(lines)


def _is_ours(suites: Iterable[str], fields: dict[str, list[str]]) -> bool:
    named = set(suites)
    return bool(named) and named <= SUITES and "main" in fields.get("components", [])


def _one_line_stanzas(text: str) -> Iterator[str]:
    for line in text.splitlines():
        entry = _ONE_LINE.match(line.strip())
        if entry and entry["suite"] in SUITES and "main" in entry["components"].split():
            yield line.strip()


def _environment() -> dict[str, str]:
    return {**os.environ, "SOURCE_DATE_EPOCH": "0", "LC_ALL": "C.UTF-8"}
