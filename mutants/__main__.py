"""``python -m mutants [NAME...]``: break the code in a copy of the tree, and see who notices.

Ends with 1 when a row does not apply any more, or when a mutant survives for no stated reason.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path
from statistics import median

from mutants.campaign import Plan, Result, run
from mutants.killers import Broken
from mutants.mutant import Mutant
from mutants.table import MUTANTS

SEEDS = 100


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help="mutants; none: all of them")
    parser.add_argument(
        "--simulation-only",
        action="store_true",
        help="run no test; rows that say why it cannot see them are left out unless named",
    )
    parser.add_argument("--seeds", type=int, default=SEEDS, help="of the simulator, for each")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    parser.add_argument("--out", type=Path, help="file for the results, as JSON")
    parser.add_argument("--list", action="store_true", help="name the mutants, run nothing")
    asked = parser.parse_args()
    try:
        chosen = _chosen(asked.names)
    except KeyError as error:
        parser.error(f"there is no mutant {error}; --list names all")
    if asked.list:
        for mutant in chosen:
            sys.stdout.write(f"{mutant.name}: {mutant.meaning}\n")
        return 0
    if asked.simulation_only and not asked.names:
        chosen = [mutant for mutant in chosen if not mutant.unseen]
    plan = Plan(asked.seeds, asked.workers, asked.simulation_only)
    began = time.monotonic()
    done: list[Result] = []

    def told(result: Result) -> None:
        done.append(result)
        _tell(result)
        if asked.out:  # so far: a run that is broken off has shown what it has shown
            asked.out.write_text(json.dumps([_figures(each) for each in done], indent=1) + "\n")

    try:
        results = run(chosen, plan, told)
    except Broken as broken:
        sys.stderr.write(f"{broken}\n")
        return 1
    sys.stdout.write(_totals(results, time.monotonic() - began) + "\n")
    return int(any(result.is_fault(plan) for result in results))


def _chosen(names: list[str]) -> list[Mutant]:
    known = {mutant.name: mutant for mutant in MUTANTS}
    return [known[name] for name in names] if names else list(MUTANTS)


def _tell(result: Result) -> None:
    mutant = result.mutant
    if result.error:
        fate = f"CANNOT BE TRIED: {result.error}"
    elif result.is_killed:
        fate = result.killer + (f", {result.seeds} seeds" if result.seeds else "")
    else:
        fate = f"SURVIVED: {mutant.survives or mutant.unseen or 'for no stated reason'}"
    sys.stdout.write(f"{mutant.name:36} {result.seconds:6.1f} s  {fate}\n")
    sys.stdout.flush()


def _figures(result: Result) -> dict[str, object]:
    figures = asdict(result)
    return figures | {"mutant": result.mutant.name, "seconds": round(result.seconds, 1)}


def _totals(results: list[Result], seconds: float) -> str:
    killed = [result for result in results if result.is_killed]
    seeds = [result.seeds for result in killed if result.seeds]
    untried = sum(bool(result.error) for result in results)
    needed = f", median {median(seeds):g} seeds" if seeds else ""
    return (
        f"{len(results)} mutants: {len(killed)} killed ({len(seeds)} by the simulation{needed}),"
        f" {len(results) - len(killed) - untried} survived, {untried} could not be tried;"
        f" {seconds:.0f} s"
    )


if __name__ == "__main__":
    sys.exit(main())
