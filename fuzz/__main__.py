"""``python -m fuzz [COUNT] [--from SEED]``: read generated devfiles; 1 when a promise does not hold.

``python -m fuzz --show SEED`` prints the devfile of a seed, its imports and what is said about it.
"""

import argparse
import os
import sys
import time
from statistics import median

from chalicelib.devfile import DevfileRefused, read
from fuzz.campaign import MOST_SECONDS, Tally, run_in_processes
from fuzz.samples import sample


def main() -> int:
    """Run a campaign, or show one sample."""
    parser = argparse.ArgumentParser(prog="python -m fuzz", description=__doc__)
    parser.add_argument("count", nargs="?", type=int, default=100_000)
    parser.add_argument("--from", dest="first", type=int, default=0, metavar="SEED")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--show", type=int, metavar="SEED", help="print one, and what is said")
    chosen = parser.parse_args()
    if chosen.show is not None:
        _show(chosen.show)
        return 0
    began = time.monotonic()
    seeds = range(chosen.first, chosen.first + chosen.count)
    tally = run_in_processes(seeds, chosen.processes)
    _tell(tally, chosen.count, time.monotonic() - began)
    return 1 if tally.broken else 0


def _tell(tally: Tally, count: int, seconds: float) -> None:
    for outcome, number in sorted(tally.outcomes.items()):
        print(f"{number:>8} {outcome}")
    for seed, why in list(tally.broken.items())[:10]:
        print(f"seed {seed}: {why}")
    ordered = sorted(tally.seconds)
    print(
        f"{count} devfiles in {seconds:.0f} s, {len(tally.broken)} broken promises; processor for one:"
        f" median {median(ordered) * 1000:.1f} ms, 99 of 100 below {ordered[len(ordered) * 99 // 100] * 1000:.0f} ms,"
        f" longest {tally.slowest[0] * 1000:.0f} ms (seed {tally.slowest[1]}; {MOST_SECONDS:.0f} s allowed);"
        f" {len(tally.codes)} codes seen; at most {tally.resident:.0f} MiB resident"
    )


def _show(seed: int) -> None:
    made = sample(seed)
    for name, file in {"devfile.yaml": made.text, **made.files}.items():
        print(
            f"--- {name} ({made.kind}, {made.profile})\n{file.decode('utf-8', 'backslashreplace')}"
        )
    try:
        read(made.text, made.reading())
        print("accepted")
    except DevfileRefused as refused:
        for problem in refused.problems:
            print(problem)


if __name__ == "__main__":
    sys.exit(main())
