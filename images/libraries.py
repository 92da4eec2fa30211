"""Which shared libraries a set of programs needs: the closure of what they name."""

from collections.abc import Iterator
from pathlib import Path

from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile

from images.architectures import Architecture
from images.debian import BuildError, Stage

ELF_MAGIC = b"\x7fELF"
# fmt: off
OPENED_BY_NAME = frozenset({
    "libanl.so.1", "libdl.so.2", "libgcc_s.so.1", "libm.so.6", "libnss_dns.so.2", "libnss_files.so.2",
    "libpthread.so.0", "libresolv.so.2", "librt.so.1", "libutil.so.1",
})
# fmt: on
"""Libraries that no program names as needed, because they are opened while it runs, or by wheels."""


def elf_files(folder: Path) -> Iterator[Path]:
    """The programs and libraries under `folder`, links apart, in a fixed order."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.is_symlink() and is_elf(path):
            yield path


def is_elf(path: Path) -> bool:
    """Whether the file begins as ELF files do."""
    with path.open("rb") as file:
        return file.read(4) == ELF_MAGIC


def needed_by(path: Path) -> list[str]:
    """The libraries (``DT_NEEDED``) that an ELF file names; none for a static program."""
    with path.open("rb") as file:
        sections = (
            section
            for section in ELFFile(file).iter_sections()
            if isinstance(section, DynamicSection)
        )
        tags = (tag for section in sections for tag in section.iter_tags("DT_NEEDED"))
        return [tag.needed for tag in tags]  # type: ignore[attr-defined]  # set by name for this kind of tag


def closure(stage: Stage, folder: Path, architecture: Architecture) -> dict[str, Path]:
    """Library name -> its file in the stage, for all that the ELF files under `folder` need, the dynamic loader apart."""
    files = list(elf_files(folder))
    beside = {
        path.name for path in files
    }  # glibc's converters and some wheels have libraries of their own beside them
    found: dict[str, Path] = {}
    waiting = sorted({name for path in files for name in needed_by(path)} | OPENED_BY_NAME)
    while waiting:
        name = waiting.pop()
        if name in found or name in beside or name.startswith("ld-linux"):
            continue
        found[name] = _library(stage, name, architecture)
        waiting += needed_by(found[name])
    return found


def _library(stage: Stage, name: str, architecture: Architecture) -> Path:
    for folder in architecture.library_folders:
        if stage.holds(f"{folder}/{name}"):
            return stage.resolve(f"{folder}/{name}")
    raise BuildError(
        f"library {name} is in none of the staged packages: add the package that holds it"
    )
