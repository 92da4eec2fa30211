"""``python -m fuzz.beside [COUNT]``: flattens generated devfiles beside Go's devfile/library; 1 when they differ.

Compared are the trees, where an empty value equals none, without the notes of origin that the library
writes into attributes. Events are compared without order: the library's release sorts them by name,
and the standard's own fixtures keep the order in which they come.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.devfile import build
from chalicelib.devfile import DevfileRefused, Imported, Reading, Reference, flattened
from fuzz.grammar import Grammar
from fuzz.samples import split

_NOTES = "api.devfile.io/"


def main() -> int:
    """Compare so many."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.beside", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=1_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        outcomes = compared(Path(folder), chosen.count)
    for outcome, number in outcomes.items():
        print(f"{number:>8} {outcome}")
    return 1 if outcomes.keys() - {"equal", "both refuse"} else 0


def compared(folder: Path, count: int) -> Counter[str]:
    """What came of so many seeds; each that differs is printed."""
    program = build(folder)
    files = [_laid_out(folder / str(seed), seed) for seed in range(count)]
    command = [str(program), "flatten", *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    outcomes: Counter[str] = Counter()
    for line in done.stdout.splitlines():
        theirs = json.loads(line)
        outcome, words = _verdict(Path(theirs["file"]), theirs)
        outcomes[outcome] += 1
        if words:
            print(f"seed {Path(theirs['file']).parent.name}: {outcome}: {words}")
    return outcomes


def _laid_out(folder: Path, seed: int) -> Path:
    """The devfile of a seed with its parents beside it, as files."""
    chance = Random(seed)
    grammar = Grammar(chance)
    child, parents = split(grammar.devfile(), grammar, chance)
    folder.mkdir()
    for name, tree in {"devfile.yaml": child, **parents}.items():
        (folder / name).write_text(json.dumps(tree, ensure_ascii=False))
    return folder / "devfile.yaml"


class _Beside:
    """Reads the files of a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def fetch(self, reference: Reference) -> Imported:
        """Return a file."""
        return Imported((self._folder / str(reference)).read_bytes(), reference)


def _verdict(file: Path, theirs: dict[str, Any]) -> tuple[str, str]:
    try:
        ours = flattened(file.read_bytes(), Reading(resolver=_Beside(file.parent)))
    except DevfileRefused as refused:
        return ("both refuse", "") if "error" in theirs else ("only Berth refuses", str(refused))
    if "error" in theirs:
        return "only the library refuses", theirs["error"]
    left, right = _plain(ours), _plain(theirs["tree"])
    if left == right:
        return "equal", ""
    apart = [key for key in left | right if left.get(key) != right.get(key)]
    return "different", "; ".join(
        f"{key}: {left.get(key)!r:.300} and {right.get(key)!r:.300}" for key in apart
    )


def _plain(tree: Any) -> Any:
    if isinstance(tree, dict):
        members = {
            key: sorted(value) if key in ("preStart", "postStart", "preStop") else _plain(value)
            for key, value in tree.items()
            if not key.startswith(_NOTES)
        }
        return {key: value for key, value in members.items() if value not in (None, "", [], {})}
    if isinstance(tree, list):
        return [_plain(item) for item in tree]
    return tree


if __name__ == "__main__":
    sys.exit(main())
