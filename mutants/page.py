"""``python -m mutants.page RESULTS SIMULATION [GENERATED]``: the tables of docs/reference/mutants.md.

Takes the JSON of ``python -m mutants``, of the same with ``--simulation-only``, and of
``python -m mutants.generated``, and replaces what stands between the page's two marks.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from statistics import median
from typing import Any

from checks.tree import ROOT
from mutants.mutant import Mutant
from mutants.table import ROOMS

PAGE = ROOT / "docs" / "reference" / "mutants.md"
BEGIN, END = "<!-- measured -->", "<!-- /measured -->"
Results = Mapping[str, dict[str, Any]]


def main() -> None:
    """Write the page anew."""
    found, alone = (_by_name(Path(each)) for each in sys.argv[1:3])
    measured = [*_summary(found, alone), *_rooms(found, alone)]
    for each in sys.argv[3:]:
        measured += _generated(json.loads(Path(each).read_text()))
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    _, _, tail = rest.partition(END)
    PAGE.write_text(head + "\n".join([BEGIN, "", *measured, "", END]) + tail, encoding="utf-8")


def _by_name(path: Path) -> Results:
    return {each["mutant"]: each for each in json.loads(path.read_text())}


def _summary(found: Results, alone: Results) -> Iterator[str]:
    mutants = [mutant for _, rows in ROOMS for mutant in rows]
    killed = sum(bool(found[mutant.name]["killer"]) for mutant in mutants)
    tried = [mutant for mutant in mutants if mutant.name in alone and not mutant.survives]
    seen = [alone[mutant.name] for mutant in tried if alone[mutant.name]["killer"]]
    needed = median(each["seeds"] for each in seen)
    yield (
        f"**{killed} of {len(mutants)} are killed ({100 * killed / len(mutants):.1f} %).** The simulation"
        f" alone was asked about {len(tried)}, and kills {len(seen)} of them, at the"
        f" median by its seed number {needed:g}."
    )


def _rooms(found: Results, alone: Results) -> Iterator[str]:
    for title, rows in ROOMS:
        yield from ("", f"### {title}", "")
        yield "| breakage | what it means | found by | s | simulation alone |"
        yield "|---|---|---|---|---|"
        for mutant in rows:
            result = found[mutant.name]
            told = (mutant.meaning, _killer(mutant, result), f"{result['seconds']:.0f}")
            yield f"| `{mutant.name}` | {' | '.join(told)} | {_alone(mutant, alone)} |"


def _killer(mutant: Mutant, result: dict[str, Any]) -> str:
    if not result["killer"]:
        return f"**nobody**: {mutant.survives}"
    if result["seeds"]:
        return f"simulation: {_seeds(result)}"
    path, _, name = str(result["killer"]).partition("::")
    words = name.removeprefix("test_").replace("_", " ")
    return f"[{words}](../../{path})"


def _alone(mutant: Mutant, alone: Results) -> str:
    result = alone.get(mutant.name)
    if mutant.survives:
        return ""
    if mutant.unseen:
        return f"cannot: {mutant.unseen}"
    if result is None:
        return "not asked"
    return _seeds(result) if result["killer"] else f"not in {result['seeds']} seeds"


def _seeds(result: dict[str, Any]) -> str:
    count = result["seeds"]
    return f"{result['killer']} in {count} seed{'s' if count > 1 else ''}"


def _generated(fates: list[dict[str, Any]]) -> Iterator[str]:
    tried = [fate for fate in fates if fate["loads"]]
    killed = [fate for fate in tried if fate["killer"]]
    yield from ("", "## Generated breakages, measured", "")
    yield f"**{len(killed)} of {len(tried)} are killed ({100 * len(killed) / len(tried):.1f} %).**"
    yield from ("", "| module | breakages | killed | |", "|---|---|---|---|")
    for file in sorted({fate["file"] for fate in tried}):
        own = [fate for fate in tried if fate["file"] == file]
        dead = sum(bool(fate["killer"]) for fate in own)
        yield f"| [{file}](../../{file}) | {len(own)} | {dead} | {100 * dead / len(own):.0f} % |"
    yield from ("", "Survivors:", "", "| module | line | breakage | why |", "|---|---|---|---|")
    for fate in tried:
        if not fate["killer"]:
            name = str(fate["file"]).rpartition("/")[2]
            why = fate["reason"] or "**not explained**"
            yield f"| {name} | `{_cell(fate['before'])}` | `{_cell(fate['after'])}` | {why} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    main()
