"""Time and chance, injected: nothing else in the control plane reads a clock or draws a number."""

from typing import Protocol


class Clock(Protocol):
    """The clocks of one process."""

    def now(self) -> float:
        """Seconds since the epoch, UTC; may jump, as wall clocks do."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back. For deadlines."""
        ...

    def pause(self, seconds: float) -> None:
        """Return once that many seconds have passed."""
        ...


class Chance(Protocol):
    """Cryptographically strong randomness."""

    def token(self, size: int = 32) -> bytes:
        """Return ``size`` random bytes."""
        ...
