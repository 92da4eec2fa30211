"""What a dependency weighs: the files of its distribution and of everything that it needs, without bytecode.

`python -m checks.weights` prints the figures that docs/reference/dependencies.md states.
"""

import importlib.metadata as installed
import sys
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import NormalizedName, canonicalize_name

from checks.locks import SETS, direct
from checks.tree import ROOT

_ELSEWHERE = frozenset({"toolchain.in", "emulator.in", "runtime.in", "interface.in", "awscli.in"})
"""Sets that get an environment of their own, or none where the machine has it."""


def megabytes(requirement: Requirement) -> float:
    """Return the weight of a requirement with its extras. Raises PackageNotFoundError."""
    return sum(_bytes(name) for name in closure(requirement)) / 1_000_000


def closure(requirement: Requirement) -> set[str]:
    """Return the names of the distributions that a requirement brings here, its own included."""
    waiting, found = [requirement], dict[str, frozenset[str]]()
    while waiting:
        wanted = waiting.pop()
        name = canonicalize_name(wanted.name)
        extras = found.get(name, frozenset()) | wanted.extras
        if found.get(name) == extras:
            continue
        found[name] = extras
        for line in installed.requires(name) or ():
            needed = Requirement(line)
            chosen = ({"extra": extra} for extra in extras or {""})
            if needed.marker is None or any(needed.marker.evaluate(one) for one in chosen):
                waiting.append(needed)
    return set(found)


def _bytes(name: str) -> int:
    paths = (Path(str(file.locate())) for file in installed.files(name) or ())
    return sum(path.stat().st_size for path in paths if path.suffix != ".pyc" and path.is_file())


def requirements(root: Path = ROOT) -> dict[NormalizedName, Requirement]:
    """Return every direct requirement by canonical name, but what is not installed here."""
    sources = (source for source in SETS.values() if not _ELSEWHERE.intersection(source.split("/")))
    return {name: wanted for source in sources for name, wanted in direct(root / source).items()}


def main() -> int:
    """Print the weight of each direct requirement."""
    for name, requirement in sorted(requirements().items()):
        print(f"{megabytes(requirement):7.1f} MB {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
