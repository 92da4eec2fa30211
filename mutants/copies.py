"""A copy of the tree, to be broken: the tree itself is never touched."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from checks.tree import ROOT, files
from mutants.mutant import Mutant


class Copy:
    """``root`` is where it is."""

    def __init__(self, root: Path) -> None:
        self.root = root

    @contextmanager
    def broken(self, mutant: Mutant) -> Iterator[None]:
        """Break it for a while."""
        before = mutant.apply(self.root)
        try:
            yield
        finally:
            (self.root / mutant.file).write_text(before, encoding="utf-8")


@contextmanager
def copies(count: int) -> Iterator[list[Copy]]:
    """Make copies of what git has or would take, and remove them in the end."""
    with TemporaryDirectory(prefix="berth-mutants-") as folder:
        roots = [Path(folder) / str(number) for number in range(count)]
        for root in roots:
            _fill(root)
        yield [Copy(root) for root in roots]


def _fill(root: Path) -> None:
    for path in files(ROOT):
        target = root / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target, follow_symlinks=False)
    # Byte code is checked by the text's digest: a file that is broken and mended within one second,
    # without changing its length, would otherwise be taken for what it was.
    compiling = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "checked-hash"]
    subprocess.run([*compiling, "."], cwd=root, check=True, stdout=subprocess.DEVNULL)
