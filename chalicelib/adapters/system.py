"""The machine's clock and randomness."""

import secrets
import time


class SystemClock:
    """The wall clock."""

    def now(self) -> float:
        """Seconds since the epoch, UTC."""
        return time.time()


class SystemChance:
    """The operating system's randomness."""

    def token(self, size: int = 32) -> bytes:
        """Return ``size`` random bytes."""
        return secrets.token_bytes(size)
