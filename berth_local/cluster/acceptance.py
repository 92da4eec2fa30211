"""The acceptance run."""

from collections.abc import Callable


def rounds(count: int, report: Callable[[str], None]) -> bool:
    """Run."""
    raise NotImplementedError
