"""Which branches of the protocol the simulation alone takes: seeds, and each script without a strike.

Line and branch coverage as coverage.py counts it, over the modules that carry the protocol. To be
run in a process of its own, ``python -m simulation.coverage SEEDS``: what was loaded before it began
to count would seem never to have run.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from coverage import Coverage

ROOT = Path(__file__).resolve().parent.parent
PROTOCOL = (
    *(
        f"berth_agent/{name}.py"
        for name in (
            *("applier", "claim", "conversation", "core", "ledger", "listening", "ownership"),
            *("pacing", "prune", "report", "shell", "steadiness", "stops", "terminator"),
            *("tombstones", "troubles", "view", "watches", "worklist"),
        )
    ),
    *(
        f"berth_kube/{name}.py"
        for name in ("backoff", "cache", "client", "lease", "reach", "reflector", "workqueue")
    ),
    "chalicelib/domain/agents/eras.py",
    "chalicelib/domain/workspaces/*.py",
    *(
        f"chalicelib/records/{name}.py"
        for name in ("changes", "cursors", "dues", "orphans", "pending", "states", "syncs")
    ),
    *(
        f"chalicelib/usecases/agents/{name}.py"
        for name in (
            *("absences", "conversation", "drain", "facts", "handover", "orders", "orphans"),
            *("prerequisites", "reconcile", "reports", "restore"),
        )
    ),
    "chalicelib/usecases/workspaces/move.py",
    "chalicelib/usecases/workspaces/sweep.py",
    "chalicelib/usecases/workspaces/wish.py",
    "chalicelib/wire/reconcile.py",
)
"""Where a report becomes a state, and a state an order that is carried out."""
FLOOR = 95.0
"""Percent. Below it a proof says little."""
_NEVER_RUN = (r"class .*\(Protocol\):", r"assert_never\(", "if TYPE_CHECKING:")


@dataclass(frozen=True, slots=True)
class Taken:
    """``percent`` of lines and branches; ``report`` names those that are left, by module."""

    percent: float
    report: str


def taken(seeds: Iterable[int]) -> Taken:
    """Run the seeds and every script here, in this process, which is twice as slow as without."""
    counted = Coverage(
        data_file=None,
        config_file=False,
        branch=True,
        concurrency=["greenlet"],
        include=[str(ROOT / each) for each in PROTOCOL],
    )
    for pattern in _NEVER_RUN:
        counted.exclude(pattern)
    counted.start()
    try:
        _run(seeds)
    finally:
        counted.stop()
    report = io.StringIO()
    percent = counted.report(file=report, show_missing=True, precision=1)
    return Taken(percent, report.getvalue())


def _run(seeds: Iterable[int]) -> None:
    # Their modules are loaded while it counts: what stands outside of functions runs then.
    from simulation.plays import played  # noqa: PLC0415 - see above
    from simulation.scenarios import SCENARIOS  # noqa: PLC0415
    from simulation.trial import tried  # noqa: PLC0415

    for seed in seeds:
        tried(seed)
    for script in SCENARIOS.values():
        played(script, ())


def main() -> int:
    """Print the report; 1 below the floor."""
    found = taken(range(int(sys.argv[1])))
    last = f"the simulation alone takes {found.percent:.1f} % of the protocol, of {FLOOR:.0f}"
    sys.stdout.write(f"{found.report}\n{last}\n")
    return 0 if found.percent >= FLOOR else 1


if __name__ == "__main__":
    sys.exit(main())
