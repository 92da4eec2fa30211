"""How often a program may call."""

from typing import Protocol


class Pace(Protocol):
    """Counts the calls of each caller, as far as this process sees them."""

    def wait(self, caller: bytes) -> float:
        """Count a call and return 0.0; or count none, and return the seconds until one is taken."""
        ...


class Unlimited:
    """Every call is taken."""

    def wait(self, caller: bytes) -> float:
        """See the protocol."""
        del caller
        return 0.0
