"""Time and chance, injected: nothing else in the control plane reads a clock or draws a number."""

from typing import Protocol


class Clock(Protocol):
    """Wall clock."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        ...


class Chance(Protocol):
    """Cryptographically strong randomness."""

    def token(self, size: int = 32) -> bytes:
        """Return ``size`` random bytes."""
        ...
