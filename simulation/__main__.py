"""``python -m simulation [SEEDS] [--from K]``: run seeds, print one line of totals.

Ends with 1 when a rule was broken, a replay differed, or (from a thousand seeds on) something that
has to happen sometimes never did. A seed that fails prints its story.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

from simulation.campaign import run
from simulation.trial import Verdict, tried

MANY = 1_000
"""From so many seeds on everything rare must have happened."""


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=100)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="K")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--out", type=Path, help="file for the figures, as JSON")
    parser.add_argument("--tell", action="store_true", help="run one seed here, and tell its story")
    chosen = parser.parse_args()
    if chosen.tell:
        verdict = tried(chosen.first)
        _tell(verdict)
        return int(bool(verdict.violations))
    seeds = range(chosen.first, chosen.first + chosen.seeds)
    totals, seconds = run(seeds, workers=chosen.workers, told=_tell)
    if chosen.out:
        chosen.out.write_text(json.dumps(totals.figures(seconds), indent=1) + "\n")
    sys.stdout.write(totals.line(seconds) + "\n")
    missed = totals.missed if totals.seeds >= MANY else []
    for what in missed:
        sys.stdout.write(f"never happened: {what}\n")
    return int(bool(totals.failed or totals.mismatches or missed))


def _tell(verdict: Verdict) -> None:
    lines = [
        f"seed {verdict.seed}: {verdict.swarm}",
        *verdict.story,
        (
            f"seed {verdict.seed}: {verdict.steps} steps, {verdict.faults.total()} faults,"
            f" converged {verdict.converged}, {len(verdict.violations)} violations, trace"
            f" {verdict.trace}; again: python -m simulation --tell --from {verdict.seed}"
        ),
    ]
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    sys.exit(main())
