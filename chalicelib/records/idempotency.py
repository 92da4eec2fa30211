"""``Idempotency-Key``: a POST sent twice with one key is carried out once.

The row is written in the very transaction of what it stands for and remembers what came of it (the
id of what was made), so that a repeated request is answered from the thing itself.
"""

from dataclasses import dataclass, field

from chalicelib.domain.errors import Invalid, Problem
from chalicelib.ports.store import Absent, Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, octets, text

KEPT_SECONDS = 24 * 3600


@dataclass(frozen=True, slots=True)
class Attempt:
    """One person's POST under an ``Idempotency-Key``. ``request`` is a digest of route and body."""

    organisation_id: str
    user_id: str
    key: str
    request: bytes = field(repr=False)
    expires: int


def find(store: Store, attempt: Attempt | None) -> str | None:
    """Return what came of an earlier attempt, None when there was none (or no key was sent).

    Raises Invalid (``idempotency-key-reused``) when the key came with another request.
    """
    if attempt is None:
        return None
    item = store.get(keys.idempotency(attempt.organisation_id, attempt.user_id, attempt.key))
    if item is None:
        return None
    if octets(item.attributes, "request") != attempt.request:
        message = "This Idempotency-Key was used for another request; take a new one."
        problem = Problem("idempotency-key-reused", message, "#/headers/Idempotency-Key")
        raise Invalid("idempotency-key-reused", message, [problem])
    return text(item.attributes, "result")


def put(attempt: Attempt | None, result: str) -> list[Put]:
    """Return the write that belongs into the transaction of what ``result`` names; it fails when
    another request with the key was quicker: ``find`` then tells what came of that one."""
    if attempt is None:
        return []
    attributes: dict[str, Value] = {"v": SCHEMA, "request": attempt.request, "result": result}
    key = keys.idempotency(attempt.organisation_id, attempt.user_id, attempt.key)
    return [Put(Item(key, attributes, expires=attempt.expires), when=[Absent()])]
