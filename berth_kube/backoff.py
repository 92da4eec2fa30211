"""How long to wait after a failure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Backoff:
    """Delays double from ``first`` to ``cap`` seconds, each with up to ``jitter`` of itself added.

    ``cap`` holds for the sum: nobody waits longer.
    """

    first: float
    cap: float
    jitter: float = 1.0
    failures: int = 0

    def next(self, chance: float) -> float:
        """Seconds to wait now; ``chance`` is a random number in [0, 1)."""
        base = min(self.cap, self.first * 2.0 ** min(self.failures, 32))
        self.failures += 1
        return min(self.cap, base * (1.0 + self.jitter * chance))

    def reset(self) -> None:
        """All is well again."""
        self.failures = 0
