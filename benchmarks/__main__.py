"""``python -m benchmarks [NAME...]``: measure, print a table, write JSON."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmarks import (
    accepted_to_applied,
    agent,
    beside_informer,
    create_to_running,
    deployed,
    devfile,
    fleet,
    growth,
    idle,
    package,
    reconcile,
    sealing,
)
from benchmarks.cost.measure import measure as measure_cost
from benchmarks.creates.measure import measure as measure_creates
from benchmarks.figures import Figure
from benchmarks.options import Options
from benchmarks.table import as_json, markdown

BENCHMARKS: dict[str, Callable[[Options], Iterator[Figure]]] = {
    "package": package.measure,
    "reconcile": reconcile.measure,
    "sealing": sealing.measure,
    "devfile": devfile.measure,
    "idle": idle.measure,
    "growth": growth.measure,
    "deployed": deployed.measure,
    "cost": measure_cost,
    "fleet": fleet.measure,
    "creates": measure_creates,
    "agent": agent.measure,
    "create-to-running": create_to_running.measure,
    "accepted-to-applied": accepted_to_applied.measure,
    "informer": beside_informer.measure,
}
"""By name; the quickest first."""


def main() -> int:
    """Measure what is asked for, all without a name; 0 even when a goal is missed."""
    usual = Options()
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--out", type=Path, help="file for everything measured, as JSON")
    parser.add_argument("--runs", type=int, default=usual.runs, help="runs of each side")
    parser.add_argument("--store", choices=("sqlite", "dynamodb"), default=usual.store)
    parser.add_argument("--cluster", default=usual.cluster, help="name of the clusters started")
    parser.add_argument("--corpus", default=usual.corpus, help="folder of public devfiles")
    parser.add_argument(
        "--users", type=int, default=usual.users, help="people whose month is reckoned"
    )
    chosen = parser.parse_args()
    if unknown := set(chosen.names) - BENCHMARKS.keys():
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}")
    options = Options(
        chosen.runs, chosen.store, chosen.cluster, corpus=chosen.corpus, users=chosen.users
    )
    report: dict[str, Any] = {"machine": machine(), "benchmarks": {}}
    print(f"{report['machine']}\n", flush=True)
    for name in chosen.names or BENCHMARKS:
        load = os.getloadavg()
        figures = list(BENCHMARKS[name](options))
        report["benchmarks"][name] = {
            "load": [load, os.getloadavg()],
            "figures": [as_json(figure) for figure in figures],
        }
        print(f"{name} (load {load[0]:.1f} before, {os.getloadavg()[0]:.1f} after)\n")
        print(f"{markdown(figures)}\n", flush=True)
        if chosen.out:
            chosen.out.write_text(json.dumps(report, indent=1) + "\n")
    return 0


def machine() -> dict[str, Any]:
    """What the figures depend on."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="minutes"),
        "processors": os.cpu_count(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
    }


if __name__ == "__main__":
    sys.exit(main())
