"""What a plain YAML scalar means: the core of JSON and nothing else.

YAML 1.1 and 1.2, and the parsers of each language, read ``no``, ``010``, ``1:20``, ``1_000`` and
``2024-01-02`` in different ways. Here they are all text; where the schema wants a number or a
boolean it then says so, instead of one program seeing 8 and another 10.
"""

import re

Scalar = str | int | float | bool | None

_CONSTANTS: dict[str, Scalar] = {"": None, "~": None}
_CONSTANTS |= dict.fromkeys(("null", "Null", "NULL"))
_CONSTANTS |= dict.fromkeys(("true", "True", "TRUE"), True)
_CONSTANTS |= dict.fromkeys(("false", "False", "FALSE"), False)

_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)((?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?)\Z")
_MOST_DIGITS = 32
_MOST_EXACT = 2**53
"""The largest magnitude that every reader of JSON holds exactly (RFC 8259, section 6)."""

_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


class NumberTooLarge(ValueError):
    """A number that not every reader of JSON holds exactly."""


def resolved(text: str) -> Scalar:
    """The value of the plain scalar ``text``; raises ``NumberTooLarge``."""
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    number = _NUMBER.match(text)
    if not number:
        return text
    if len(text) > _MOST_DIGITS:
        raise NumberTooLarge(text)
    value = float(text) if number[1] else int(text)
    if abs(value) > _MOST_EXACT:
        raise NumberTooLarge(text)
    return value


def forbidden_character(text: str) -> re.Match[str] | None:
    """The first character that may not stand in a devfile: control characters, lone surrogates."""
    return _FORBIDDEN.search(text)


def without_forbidden(text: str) -> str:
    """``text`` with a question mark for each forbidden character, so that it can be shown."""
    return _FORBIDDEN.sub("?", text)
