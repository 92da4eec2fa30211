"""Ids and the names derived from them.

An id is a prefix and 60 random bits: nothing of a user's text is in it, and none is used twice.
"""

import re

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base 32 in lower case: no i, l, o, u."""
_LENGTH = 12
_NAME = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", re.ASCII)

RANDOM_BYTES = 8
"""How many random bytes ``make_id`` takes."""


def make_id(prefix: str, random: bytes) -> str:
    """Return ``<prefix>-<12 characters>``."""
    number = int.from_bytes(random[:RANDOM_BYTES], "big")
    return prefix + "-" + "".join(_ALPHABET[number >> 5 * place & 31] for place in range(_LENGTH))


def is_id(prefix: str, text: str) -> bool:
    """Whether the text is an id of this kind."""
    head, _, tail = text.partition("-")
    return head == prefix and len(tail) == _LENGTH and all(c in _ALPHABET for c in tail)


def is_name(text: str) -> bool:
    """Whether the text may name a workspace or an agent: a DNS label (RFC 1123)."""
    return _NAME.fullmatch(text) is not None
