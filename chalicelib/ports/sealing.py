"""Sealing the variables of one workspace under a data key of its own."""

from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.ports.keys import Context


@dataclass(frozen=True, slots=True)
class Sealed:
    """What the store keeps. ``digest`` is keyed, so it tells two contents apart and nothing else."""

    wrapped_key: bytes = field(repr=False)
    ciphertext: bytes = field(repr=False)
    digest: str


class SealBroken(Exception):
    """The content was altered, or sealed for another context."""


class Sealer(Protocol):
    """Envelope encryption. The context is computed from the authorised request, never read back."""

    def seal(self, plaintext: bytes, context: Context) -> Sealed:
        """Seal under a fresh data key. Raises KeyServiceBusy."""
        ...

    def open(self, sealed: Sealed, context: Context) -> bytes:
        """Return the plaintext: one use of the master key. Raises SealBroken, KeyRefused or KeyServiceBusy."""
        ...
