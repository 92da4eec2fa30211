"""``python -m mutants.generated [FILE...]``: small mechanical breakages of the modules that matter most.

Cosmic Ray makes them; each is looked for by the tests that stand nearest, and then by seeds of the
simulator. What only changes an annotation or a decorator, or is the same program as another, is
left out, and so is what does not even load: neither says anything about the tests.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from difflib import unified_diff
from pathlib import Path
from typing import TypeAlias

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.plugins import get_operator, operator_names

from checks.tree import ROOT
from mutants.copies import Copy, copies
from mutants.killers import Broken, Unloadable, run_seeds, run_tests
from mutants.pool import Pool
from mutants.table.generated import EXPLAINED, MODULES

_OPERATORS = re.compile(
    r"core/(AddNot|ExceptionReplacer|NumberReplacer|ReplaceAndWithOr|ReplaceOrWithAnd|ReplaceUnaryOperator_.*"
    r"|Replace(Break|Continue|True|False).*|ZeroIterationForLoop"
    r"|ReplaceBinaryOperator_(Add_Sub|Sub_Add|BitOr_Sub|BitOr_BitAnd)"
    r"|ReplaceComparisonOperator_(Is_IsNot|IsNot_Is|Eq_NotEq|NotEq_Eq|Lt_LtE|Lt_GtE|LtE_Lt|LtE_Gt"
    r"|Gt_GtE|Gt_LtE|GtE_Gt|GtE_Lt))"
)
"""Of Cosmic Ray's operators those that a slip of the hand resembles: a comparison turned round or
moved by one, not an addition that becomes a power."""

Change: TypeAlias = tuple[str, str, str]
"""File, lines before, lines after."""


@dataclass(frozen=True, slots=True)
class Generated:
    """A breakage without a meaning. ``before`` and ``after`` are the lines that differ."""

    file: str
    before: str
    after: str
    source: str

    @property
    def change(self) -> Change:
        """What it does; it may do so at several places."""
        return self.file, self.before, self.after

    @property
    def reason(self) -> str:
        """Why nothing can see it; empty where nobody knows."""
        return EXPLAINED.get(self.change, "")


@dataclass(frozen=True, slots=True)
class Fate:
    """What became of one: the test that failed (empty: none), or that it does not load."""

    mutant: Generated
    killer: str
    loads: bool = True


def generated(file: str) -> Iterator[Generated]:
    """Yield the breakages of a file, no two of which are the same program."""
    source = (ROOT / file).read_text(encoding="utf-8")
    tree, seen = get_ast(source), {_essence(source)}
    for name in sorted(operator_names()):
        if _OPERATORS.fullmatch(name) is None:
            continue
        operator = get_operator(name)()
        places = sum(1 for node in ast_nodes(tree) for _ in operator.mutation_positions(node))
        for place in range(places):
            broken = mutate_code(source, operator, place)
            essence = _essence(broken)
            if essence not in seen:
                seen.add(essence)
                yield Generated(file, *_difference(source, broken), broken)


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m mutants.generated", description=__doc__)
    parser.add_argument("files", nargs="*", metavar="FILE", help="none: all of the table's")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--seeds", type=int, default=40, help="for what the tests let pass")
    parser.add_argument("--every", type=int, default=1, metavar="N", help="only each N-th of them")
    parser.add_argument("--out", type=Path, help="file for the results, as JSON")
    parser.add_argument(
        "--again", type=Path, metavar="RESULTS", help="only what survived there; the rest is kept"
    )
    asked = parser.parse_args()
    began = time.monotonic()
    mutants = [each for file in asked.files or MODULES for each in generated(file)][:: asked.every]
    killers = _killers(asked.again) if asked.again else {}
    done = [Fate(each, killers[each.change]) for each in mutants if each.change in killers]
    left = [each for each in mutants if each.change not in killers]

    def look(copy: Copy, mutant: Generated) -> Fate:
        fate = _looked(copy, mutant, asked.seeds)
        done.append(fate)
        if asked.out:  # so far: a run that is broken off has shown what it has shown
            asked.out.write_text(json.dumps([_figures(fate) for fate in done], indent=1) + "\n")
        return fate

    with copies(asked.workers) as free:
        Pool(free).each(left, look)
    sys.stdout.write(_totals(done, time.monotonic() - began) + "\n")
    return int(any(not fate.killer and fate.loads and not fate.mutant.reason for fate in done))


def _killers(results: Path) -> dict[Change, str]:
    """Return what killed each change; none of those of which one, at whatever place, survived."""
    found: dict[Change, list[str]] = {}
    for each in json.loads(results.read_text(encoding="utf-8")):
        change = (each["file"], each["before"], each["after"])
        found.setdefault(change, []).append(each["killer"])
    return {change: killers[-1] for change, killers in found.items() if all(killers)}


def _looked(copy: Copy, mutant: Generated, seeds: int) -> Fate:
    path = copy.root / mutant.file
    sound = path.read_text(encoding="utf-8")
    path.write_text(mutant.source, encoding="utf-8")
    try:
        found = run_tests(copy.root, MODULES[mutant.file])
        killer = found.killer or run_seeds(copy.root, seeds).killer
    except Unloadable:
        return Fate(mutant, "", loads=False)
    except Broken as broken:
        killer = str(broken)
    finally:
        path.write_text(sound, encoding="utf-8")
    if not killer:
        words = mutant.reason or "for no stated reason"
        change = f"{mutant.file}\n  - {mutant.before}\n  + {mutant.after}"
        sys.stdout.write(f"SURVIVED: {words}: {change}\n")
        sys.stdout.flush()
    return Fate(mutant, killer)


def _totals(fates: list[Fate], seconds: float) -> str:
    tried = [fate for fate in fates if fate.loads]
    killed = sum(bool(fate.killer) for fate in tried)
    explained = sum(bool(fate.mutant.reason) for fate in tried if not fate.killer)
    share = 100 * killed / max(len(tried), 1)
    return (
        f"{len(tried)} generated mutants: {killed} killed ({share:.1f} %),"
        f" {len(tried) - killed} survived, {explained} of them explained;"
        f" {len(fates) - len(tried)} more do not load; {seconds:.0f} s"
    )


def _figures(fate: Fate) -> dict[str, object]:
    figures = asdict(fate.mutant)
    del figures["source"]
    return figures | {"killer": fate.killer, "loads": fate.loads, "reason": fate.mutant.reason}


def _essence(source: str) -> str:
    """The program without what has no effect when it runs: decorators here only make dataclasses."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef():
                node.decorator_list, node.returns = [], None
            case ast.ClassDef():
                node.decorator_list = []
            case ast.arg():
                node.annotation = None
            case ast.AnnAssign():
                node.annotation = ast.Constant(0)
            case _:
                pass
    return ast.dump(tree)


def _difference(source: str, broken: str) -> tuple[str, str]:
    lines = list(unified_diff(source.splitlines(), broken.splitlines(), n=0, lineterm=""))[2:]
    return tuple(" / ".join(line[1:].strip() for line in lines if line[0] == sign) for sign in "-+")  # type: ignore[return-value] # two signs


if __name__ == "__main__":
    sys.exit(main())
