"""Eras of an agent: what was fenced and ordered in one binds nobody in the next.

An agent's epoch, as it is stored and compared, has its era above the Lease's count of transitions.
So one number orders everything, and only who takes messages in or begins an era knows of eras.
"""

TRANSITIONS = 2**32
"""A Lease counts fewer: minutes since 1970 and one for each holder (decision 0012)."""

_MINUTE = 60.0


def epoch_in(era: int, transitions: int) -> int:
    """Return the epoch of a holder of the Lease in an era; 0 transitions: with which it begins."""
    return era * TRANSITIONS + transitions


def era_of(epoch: int) -> int:
    """Return the era of an epoch."""
    return epoch // TRANSITIONS


def next_era(epoch: int, now: float) -> int:
    """Return the era to begin after that of an epoch.

    At least the minutes since 1970: a store that was restored from a backup does not know which
    eras had begun since, and must begin none of them again.
    """
    return max(era_of(epoch) + 1, int(now / _MINUTE))
