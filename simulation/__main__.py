"""``python -m simulation [SEEDS] [--from K]``: run seeds, print one line of totals.

Ends with 1 when a rule was broken; ``--tell`` prints the story of a seed.
"""

from __future__ import annotations

import argparse
import sys

from simulation.trial import tried


def main() -> int:
    """Run what is asked for."""
    parser = argparse.ArgumentParser(prog="python -m simulation", description=__doc__)
    parser.add_argument("seeds", nargs="?", type=int, default=1)
    parser.add_argument("--from", dest="first", type=int, default=0)
    parser.add_argument("--tell", action="store_true", help="print each seed's story")
    chosen = parser.parse_args()
    failed = 0
    for seed in range(chosen.first, chosen.first + chosen.seeds):
        verdict = tried(seed)
        if chosen.tell or verdict.violations:
            sys.stdout.write("\n".join(verdict.story) + "\n")
        failed += bool(verdict.violations)
        sys.stdout.write(
            f"seed {seed}: {verdict.steps} steps, {verdict.faults.total()} faults,"
            f" {verdict.workspaces} workspaces, converged {verdict.converged},"
            f" {len(verdict.violations)} violations\n"
        )
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
