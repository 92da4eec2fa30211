"""Opaque cursors: where a list or an answer goes on, signed for whom it was made.

A cursor is base64url of a keyed digest and a small JSON list. It holds no secret; the digest keeps
it from being made up, or used by another agent or person.
"""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

from chalicelib.domain.errors import Invalid, Problem
from chalicelib.ports.signing import Signer

_DIGEST_BYTES = 32
Place = list[str | int]
"""What a cursor says: whatever its maker needs to go on."""


def write_cursor(signer: Signer, audience: str, place: Place) -> str:
    """Return the cursor for a place; ``audience`` is all that must be the same when it comes back."""
    content = json.dumps(place, separators=(",", ":")).encode()
    return urlsafe_b64encode(_digest(signer, audience, content) + content).rstrip(b"=").decode()


def read_cursor(signer: Signer, audience: str, cursor: str) -> Place:
    """Return the place. Raises Invalid (``cursor-refused``) for any cursor but our own."""
    try:
        raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    except (NotBase64, ValueError) as error:
        raise _refused() from error
    digest, content = raw[:_DIGEST_BYTES], raw[_DIGEST_BYTES:]
    if not hmac.compare_digest(digest, _digest(signer, audience, content)):
        raise _refused()
    place: Place = json.loads(content)
    return place


def _digest(signer: Signer, audience: str, content: bytes) -> bytes:
    return signer.digest(f"cursor:{audience}:{content.decode(errors='replace')}")


def _refused() -> Invalid:
    message = "This cursor was not made for this list; start again without one."
    return Invalid("cursor-refused", message, [Problem("cursor-refused", message, "#/cursor")])
