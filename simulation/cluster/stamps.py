"""Times and identities as Kubernetes writes them."""

from __future__ import annotations

import random
from datetime import UTC, datetime

_LETTERS = "bcdfghjklmnpqrstvwxz2456789"


def stamp(seconds: float) -> str:
    """Seconds since the epoch, in RFC 3339 without fractions."""
    return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def make_uid(chance: random.Random) -> str:
    """A random UUID."""
    digits = f"{chance.getrandbits(128):032x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


def make_suffix(chance: random.Random, length: int = 5) -> str:
    """The end of a generated name."""
    return "".join(chance.choices(_LETTERS, k=length))
