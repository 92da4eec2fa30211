"""The digest by which a set of objects is known to be unchanged."""

import hashlib
import json
from collections.abc import Sequence

from chalicelib.domain.targets.target import Object


def canonical(value: object) -> bytes:
    """Return JSON that is the same for equal values: sorted keys, no spaces, UTF-8."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


def spec_digest(objects: Sequence[Object]) -> str:
    """Return SHA-256 (hexadecimal) of objects that do not carry their generation yet."""
    return hashlib.sha256(canonical(objects)).hexdigest()
