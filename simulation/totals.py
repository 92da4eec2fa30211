"""What many seeds came to: the figures that a run publishes."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from simulation.trial import Verdict

SOMETIMES = (
    "agent drained",
    "agent woken",
    "answer in pages",
    "byzantine agent refused",
    "end caught up after a restore",
    "full sync sends what drifted",
    "full transfer in pages",
    "generations passed after a restore",
    "move called off",
    "older leader fenced",
    "orphan removed",
    "quota used up",
    "race for a write lost",
    "restart completed",
    "restart raced by a termination",
    "store restored",
    "termination crosses an order",
    "token revoked",
    "workspace moved",
    "write to the cluster lost a race",
)
"""What every large run must reach, or it tests nothing."""


@dataclass(slots=True)
class Totals:
    """Sums over seeds. ``converged``: virtual seconds until all was as it was wanted."""

    seeds: int = 0
    failed: list[int] = field(default_factory=list)
    rules: Counter[str] = field(default_factory=Counter)
    steps: int = 0
    hours: float = 0.0
    workspaces: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    reached: Counter[str] = field(default_factory=Counter)
    converged: list[float] = field(default_factory=list)
    polls: list[float] = field(default_factory=list)
    """The same, in intervals of an idle poll."""
    replayed: int = 0
    mismatches: list[int] = field(default_factory=list)

    def add(self, verdict: Verdict) -> None:
        """Add one seed."""
        self.seeds += 1
        if verdict.violations:
            self.failed.append(verdict.seed)
        self.rules.update({violation.rule for violation in verdict.violations})
        self.steps += verdict.steps
        self.hours += verdict.hours
        self.workspaces += verdict.workspaces
        self.faults.update({str(fault): n for fault, n in verdict.faults.items()})
        self.reached.update(verdict.reached)
        if verdict.converged is not None:
            self.converged.append(verdict.converged)
            self.polls.append(verdict.converged / verdict.swarm.idle_poll)

    def replay(self, seed: int, *, equal: bool) -> None:
        """Note that a seed was run again."""
        self.replayed += 1
        if not equal:
            self.mismatches.append(seed)

    @property
    def missed(self) -> list[str]:
        """What should happen sometimes and never did."""
        return [what for what in SOMETIMES if not self.reached[what]]

    def line(self, seconds: float) -> str:
        """The run in one line."""
        return (
            f"{self.seeds} seeds, {len(self.failed)} failed; {self.steps} steps"
            f" ({self.steps // max(self.seeds, 1)} a seed), {self.faults.total()} faults"
            f" ({self.faults.total() / max(self.seeds, 1):.1f} a seed), {self.hours:.0f} virtual"
            f" hours, {self.workspaces} workspaces; converged p50 {_part(self.converged, 0.5):.0f} s,"
            f" p99 {_part(self.converged, 0.99):.0f} s; sometimes"
            f" {len(SOMETIMES) - len(self.missed)}/{len(SOMETIMES)}; replayed {self.replayed},"
            f" {len(self.mismatches)} differ; {seconds:.0f} s"
        )

    def figures(self, seconds: float) -> dict[str, Any]:
        """Everything, for a file."""
        return {
            "seeds": self.seeds,
            "failed": self.failed,
            "rules_broken": dict(self.rules),
            "steps": self.steps,
            "virtual_hours": round(self.hours, 1),
            "wall_seconds": round(seconds, 1),
            "workspaces": self.workspaces,
            "faults": dict(sorted(self.faults.items())),
            "sometimes": dict(sorted(self.reached.items())),
            "sometimes_missed": self.missed,
            "converged_seconds": _parts(self.converged),
            "converged_idle_polls": _parts(self.polls),
            "replayed": self.replayed,
            "replay_mismatches": self.mismatches,
        }


def _parts(values: list[float]) -> dict[str, float]:
    return {name: round(_part(values, part), 2) for name, part in _PARTS}


_PARTS = (("p50", 0.5), ("p99", 0.99), ("max", 1.0))


def _part(values: list[float], part: float) -> float:
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]
