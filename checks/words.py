"""Names and words that the house does not use: modules without a meaning, promises to finish later.

A module called after nothing collects everything. What is not done is an issue, not a comment.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from checks.tree import ROOT, files

BANNED_MODULES = frozenset(
    {"utils", "util", "helpers", "common", "manager", "base", "misc", "core", "data", "info"}
)
BANNED_PARTS = re.compile(r"(_v\d+$|^old_|^new_)")
ALLOWED_MODULES = frozenset({"berth_agent/core.py"})  # the functional core, a term of its own
PROMISES = re.compile(r"\b(TODO|FIXME|XXX)\b")
_OWN = "checks/words.py"  # spells the words that it refuses


def findings(path: Path, root: Path) -> Iterator[str]:
    """Return what is wrong with the name and the text of one file of Python or shell."""
    name = path.relative_to(root).as_posix()
    if name not in ALLOWED_MODULES and (
        path.stem in BANNED_MODULES or BANNED_PARTS.search(path.stem)
    ):
        yield f"{name}: error: the name says nothing about what is in it"
    if name == _OWN:
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if PROMISES.search(line):
            yield f"{name}:{number}: error: a promise to finish later; finish it or open an issue"


def main(root: Path = ROOT) -> int:
    """Print every finding; 1 when there is one."""
    found = [
        finding
        for path in files(root, "*.py", "*.sh", ".ci/run", "Makefile")
        for finding in findings(path, root)
    ]
    print(*found, sep="\n", end="\n" if found else "")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
