"""Reading JSON from strangers: bounded, and meaning the same to everyone who reads it (RFC 8259, RFC 7493)."""

import json
from typing import Any, NoReturn

from chalicelib.domain.errors import Invalid, Problem

MAX_DEPTH = 20
MAX_KEYS = 1_000
MAX_NUMBER = 2**53

_MAX_DIGITS = 32


class _Refused(ValueError):
    """What the parser's hooks raise; it never leaves this module."""


def parse(raw: bytes) -> Any:
    """Return the value. Raises Invalid (``body-unreadable``) unless it is plain, unambiguous JSON."""
    try:
        text = raw.decode("utf-8", errors="strict")
        value = _DECODER.decode(text)
    except UnicodeDecodeError:
        _refuse("The body is not UTF-8.")
    except _Refused as error:
        _refuse(f"The body {error}.")
    except json.JSONDecodeError as error:
        _refuse(f"The body is not JSON: {error.msg} at line {error.lineno}, column {error.colno}.")
    except RecursionError:
        _refuse(f"The body is nested deeper than {MAX_DEPTH} levels.")
    _check_nesting(value)
    return value


def too_large(limit: int) -> Invalid:
    """Return the refusal of a body of more than ``limit`` bytes."""
    message = f"The body is too large: at most {limit // 1024} KiB are read here."
    return Invalid("body-too-large", message, [Problem("body-too-large", message)])


def _check_nesting(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > MAX_DEPTH:
            _refuse(f"The body is nested deeper than {MAX_DEPTH} levels.")
        level = [child for parent in level for child in _children(parent)]


def _children(value: Any) -> list[Any]:
    if isinstance(value, dict):
        nested = [*value.keys(), *value.values()]
    elif isinstance(value, list):
        nested = value
    else:
        return []
    for each in nested:
        if (
            isinstance(each, str)
            and not each.isascii()
            and any("\ud800" <= letter <= "\udfff" for letter in each)
        ):
            _refuse("The body holds half of a surrogate pair, which no text can.")
    return [each for each in nested if isinstance(each, (dict, list))]


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MAX_KEYS:
        raise _Refused(f"has an object with more than {MAX_KEYS} keys")
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _Refused(f"has the key {json.dumps(twice[:64])} twice in one object")
    return found


def _whole(text: str) -> int:
    if len(text) > _MAX_DIGITS or abs(int(text)) > MAX_NUMBER:
        raise _Refused("has a number beyond 2^53")
    return int(text)


def _fraction(text: str) -> float:
    if len(text) > _MAX_DIGITS or abs(float(text)) > MAX_NUMBER:
        raise _Refused("has a number beyond 2^53")
    return float(text)


def _constant(text: str) -> NoReturn:
    raise _Refused(f"has {text}, which is not JSON")


def _refuse(message: str) -> NoReturn:
    raise Invalid("body-unreadable", message, [Problem("body-unreadable", message)])


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_whole, parse_float=_fraction, parse_constant=_constant
)
