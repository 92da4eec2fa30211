"""The machine's clock and randomness."""

import secrets
import time


class SystemClock:
    """The machine's clocks."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        return time.monotonic()

    def pause(self, seconds: float) -> None:
        """Return once that many seconds have passed."""
        time.sleep(seconds)


class SystemChance:
    """The operating system's randomness."""

    def token(self, size: int = 32) -> bytes:
        """Return ``size`` random bytes."""
        return secrets.token_bytes(size)
