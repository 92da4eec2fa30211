"""Built files, kept by the hash of their recipe: the same recipe is never built twice on a machine."""

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

Build = Callable[[Path], None]
"""Fills the empty folder it is given."""


def default_cache() -> Path:
    """``$BERTH_CACHE``, else ``~/.cache/berth``."""
    return Path(os.environ.get("BERTH_CACHE") or Path.home() / ".cache" / "berth")


def recipe_of(*parts: str | bytes | Path) -> str:
    """A hash over texts and over files or folders (by relative name and content); any change gives another one."""
    digest = hashlib.sha256()
    for part in parts:
        for name, content in _entries(part):
            digest.update(f"{name}\0{len(content)}\0".encode())
            digest.update(content)
    return digest.hexdigest()


def _entries(part: str | bytes | Path) -> Iterable[tuple[str, bytes]]:
    if isinstance(part, Path):
        files = [part] if part.is_file() else sorted(_sources(part))
        return [(str(file.relative_to(part.parent)), file.read_bytes()) for file in files]
    return [("", part.encode() if isinstance(part, str) else part)]


def _sources(folder: Path) -> Iterator[Path]:
    return (
        file for file in folder.rglob("*") if file.is_file() and "__pycache__" not in file.parts
    )


@dataclass(frozen=True, slots=True)
class Cache:
    """A folder of built folders, `<name>-<recipe>`; safe for several builds at once."""

    root: Path

    def folder(self, name: str, recipe: str, build: Build, *, refresh: bool = False) -> Path:
        """The folder that `build` made for `recipe`; it is called only when there is none (or with `refresh`).

        The folder appears whole or not at all, and older recipes of the same name are removed.
        """
        target = self.root / f"{name}-{recipe[:16]}"
        with self._alone(name):
            if refresh or not target.exists():
                self._build(target, build)
                self._forget(name, keep=target)
        return target

    def _build(self, target: Path, build: Build) -> None:
        scratch = Path(tempfile.mkdtemp(prefix=".building-", dir=self.root))
        try:
            build(scratch)
            scratch.chmod(0o755)
            shutil.rmtree(target, ignore_errors=True)
            scratch.rename(target)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)

    def _forget(self, name: str, keep: Path) -> None:
        for folder in self.root.glob(f"{name}-*"):
            if folder != keep and len(folder.name) == len(keep.name):
                shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def _alone(self, name: str) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        with (self.root / f".{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
