"""Chance out of one seed, a stream of its own for each that draws: one more draw here moves nothing there."""

from __future__ import annotations

import random
from hashlib import blake2b


class Dice:
    """Streams by name."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def stream(self, name: str) -> random.Random:
        """Return a stream; the same name gives the same numbers."""
        digest = blake2b(f"{self.seed}/{name}".encode(), digest_size=8).digest()
        return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - a seed steers it


class SeededChance:
    """The control plane's port for randomness, from a stream."""

    def __init__(self, stream: random.Random) -> None:
        self._stream = stream

    def token(self, size: int = 32) -> bytes:
        """See the port."""
        return self._stream.randbytes(size)
