"""``python -m fuzz.beside [COUNT]``: generated devfiles beside Go's devfile/library; 1 when they differ.

Those with parents are flattened by both. Compared are the trees, where an empty value equals none,
without the notes of origin that the library writes into attributes. Events are compared without
order: the library's release sorts them by name, and the standard's own fixtures keep their order.

Those without are judged by both. Berth may refuse for reasons of its own; what the standard refuses
both refuse, and what only the library refuses is one of ``LIBRARY_ALONE``.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from benchmarks.devfile import build
from chalicelib.devfile import DevfileRefused, Imported, Reading, Reference, flattened, read
from fuzz.grammar import Grammar
from fuzz.samples import sample, split

_NOTES = "api.devfile.io/"

STANDARD: frozenset[str] = frozenset({
    "kind-missing", "kind-several", "missing", "not-one-of", "schema", "schema-version", "too-long", "unknown-key",
    "wrong-form", "wrong-type", "duplicate-component", "duplicate-command", "duplicate-endpoint-name",
    "duplicate-endpoint-port", "unknown-volume", "command-component", "composite-unknown", "composite-self",
    "composite-cycle", "event-unknown", "event-type", "group-many-defaults", "remote-missing",
    "checkout-remote-missing", "checkout-remote-unknown", "request-gt-limit",
})  # fmt: skip
"""Codes of what the standard refuses."""
LIBRARY_ALONE = {
    "should either map to an exec command": "an event with a composite of composites: the library looks one level down",
    "should either map to an apply command": "an event with a composite of composites: the library looks one level down",
}
"""What only the library refuses, by its words, and why."""
AGREED = {"equal", "both refuse", "accepted alike", "refused alike", "refused by Berth's own rules"}


def main() -> int:
    """Compare so many."""
    parser = argparse.ArgumentParser(prog="python -m fuzz.beside", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=1_000)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        outcomes = compared(program, Path(folder), chosen.count)
        outcomes += judged(program, Path(folder), chosen.count)
    for outcome, number in outcomes.items():
        print(f"{number:>8} {outcome}")
    return 1 if outcomes.keys() - AGREED - set(LIBRARY_ALONE.values()) else 0


def compared(program: Path, folder: Path, count: int) -> Counter[str]:
    """What came of flattening so many seeds; each that differs is printed."""
    files = [_laid_out(folder / str(seed), seed) for seed in range(count)]
    command = [str(program), "flatten", *map(str, files)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return _told(done.stdout, _flattened_alike)


def judged(program: Path, folder: Path, count: int) -> Counter[str]:
    """What came of the judgement on so many seeds; each that differs is printed."""
    texts = {}
    for made in (sample(seed) for seed in range(count)):
        alone = not made.files and b"uri" not in made.text
        if made.profile == "standard" and made.kind != "hostile" and alone:
            texts[folder / f"{made.seed}.yaml"] = made.text
    for file, text in texts.items():
        file.write_bytes(text)
    command = [str(program), "judge", "1", *map(str, texts)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return _told(done.stdout, _judged_alike)


def _told(lines: str, verdict: Callable[[Path, dict[str, Any]], tuple[str, str]]) -> Counter[str]:
    outcomes: Counter[str] = Counter()
    for line in lines.splitlines():
        theirs = json.loads(line)
        outcome, words = verdict(Path(theirs["file"]), theirs)
        outcomes[outcome] += 1
        if words:
            print(f"{theirs['file']}: {outcome}: {words}")
    return outcomes


def _judged_alike(file: Path, theirs: dict[str, Any]) -> tuple[str, str]:
    try:
        read(file.read_bytes())
    except DevfileRefused as refused:
        codes = {problem.code for problem in refused.problems} & STANDARD
        if theirs["error"] or not codes:
            return "refused alike" if theirs["error"] else "refused by Berth's own rules", ""
        return "only Berth refuses", str(refused)
    known = next((rule for words, rule in LIBRARY_ALONE.items() if words in theirs["error"]), "")
    if theirs["error"]:
        return known or "only the library refuses", "" if known else theirs["error"]
    return "accepted alike", ""


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


def _flattened_alike(file: Path, theirs: dict[str, Any]) -> tuple[str, str]:
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
