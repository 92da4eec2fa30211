"""Envelope encryption: data keys wrapped by a master key that never leaves its keeper."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

Context: TypeAlias = Mapping[str, str]
"""Bound into the wrapping: unwrapping under another context fails. Not secret."""


@dataclass(frozen=True, slots=True)
class DataKey:
    """A fresh 256-bit key, plain and wrapped."""

    plain: bytes = field(repr=False)
    wrapped: bytes


class KeyRefused(Exception):
    """The wrapped key is not of this master key, or the context is another one."""


class KeyServiceBusy(Exception):
    """The keeper did not answer or throttled: try again."""


class MasterKey(Protocol):
    """AWS KMS, or a local key file."""

    def make_data_key(self, context: Context) -> DataKey:
        """Make a data key wrapped under the context."""
        ...

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        """Return the plain key. Raises KeyRefused or KeyServiceBusy."""
        ...
