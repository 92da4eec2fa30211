"""Reading typed values out of an item's attributes.

Times are stored as whole milliseconds since the epoch: the store has no fractions. A value of
another type is a fault of the store or of the writer, never of a user: TypeError.
"""

from dataclasses import fields
from typing import Any, TypeVar

from chalicelib.ports.store import Attributes

SCHEMA = 1
"""Version of the items' shape, kept in each as ``v``."""

_T = TypeVar("_T", str, int, bytes)
_Settings = TypeVar("_Settings")


def milliseconds(at: float) -> int:
    """Return a time (seconds since the epoch) as it is stored."""
    return round(at * 1000)


def text(attributes: Attributes, name: str, default: str = "") -> str:
    """Return a text; the default when it is absent."""
    return _of_type(str, attributes, name, default)


def number(attributes: Attributes, name: str, default: int = 0) -> int:
    """Return a whole number; the default when it is absent."""
    return _of_type(int, attributes, name, default)


def octets(attributes: Attributes, name: str) -> bytes:
    """Return bytes; none when they are absent."""
    return _of_type(bytes, attributes, name, b"")


def moment(attributes: Attributes, name: str) -> float:
    """Return a time in seconds since the epoch; 0.0 when it is absent."""
    return number(attributes, name) / 1000


def moment_or_none(attributes: Attributes, name: str) -> float | None:
    """Return a time in seconds since the epoch; None when it is absent."""
    return None if attributes.get(name) is None else moment(attributes, name)


def settings_of(kind: type[_Settings], stored: object) -> _Settings:
    """Return a settings dataclass of texts, numbers and lists of texts; fields that this version
    does not know are left out, fields that the item lacks have their default."""
    values: dict[str, Any] = dict(stored) if isinstance(stored, dict) else {}
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type] # any dataclass
    return kind(
        **{
            name: tuple(value) if isinstance(value, list) else value
            for name, value in values.items()
            if name in known
        }
    )


def _of_type(kind: type[_T], attributes: Attributes, name: str, default: _T) -> _T:
    value = attributes.get(name)
    if value is None:
        return default
    if not isinstance(value, kind):
        raise TypeError(f"attribute {name} is a {type(value).__name__}, not a {kind.__name__}")
    return value
