"""Lists: pages of one version, and tokens that lead to the next."""

from __future__ import annotations

import base64
from dataclasses import dataclass

import msgspec

from berth_kube.kinds import Kind
from berth_kube.transport import Response
from simulation.cluster.selectors import Predicate
from simulation.cluster.statuses import JSON, Refusal, bad_request, expired, failure
from simulation.cluster.store import Key, Shelf, Stored

_EXPIRED = (
    "The provided continue parameter is too old to display a consistent list result. You can start a"
    " new list without the continue parameter."
)
METADATA = "as=PartialObjectMetadata"


class Token(msgspec.Struct, rename={"version": "rv", "after": "start"}):
    """Where a list goes on."""

    version: int
    after: Key


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a list was asked for."""

    namespace: str | None
    selected: Predicate | None
    limit: int
    accept: str


def pick(shelf: Shelf, version: int, wanted: Wanted) -> list[tuple[Key, Stored]]:
    """Return what was wanted at a version, in the order of the keys."""
    found = shelf.at(version, wanted.namespace)
    selected = wanted.selected
    return [
        (key, found[key])
        for key in sorted(found)
        if selected is None or selected(found[key].object)
    ]


def page_of(shelf: Shelf, version: int, wanted: Wanted, after: Key | None) -> Response:
    """Return one page of the list at a version, behind ``after``.

    A full page leads to a next one while anything follows, selected or not: that may be empty.
    """
    found = shelf.at(version, wanted.namespace)
    keys = [key for key in sorted(found) if after is None or key > after]
    page: list[Stored] = []
    metadata: dict[str, object] = {"resourceVersion": str(version)}
    for position, key in enumerate(keys):
        if wanted.limit and len(page) == wanted.limit:
            token = msgspec.json.encode(Token(version, keys[position - 1]))
            metadata["continue"] = base64.urlsafe_b64encode(token).decode().rstrip("=")
            if wanted.selected is None:
                metadata["remainingItemCount"] = len(keys) - position
            break
        if wanted.selected is None or wanted.selected(found[key].object):
            page.append(found[key])
    partial = METADATA in wanted.accept
    items = b",".join(metadata_of(stored) if partial else stored.raw for stored in page)
    head = msgspec.json.encode(_head(shelf.kind, metadata, partial=partial))
    return Response(200, JSON, b'%s,"items":[%s]}' % (head[:-1], items))


def token_of(text: str, compacted: int) -> Token:
    """Read a continue token. Raises ``Refusal``: 400, or 410 once its version is forgotten."""
    try:
        padded = text + "=" * (-len(text) % 4)
        token = msgspec.json.decode(base64.urlsafe_b64decode(padded), type=Token)
    except (ValueError, msgspec.DecodeError) as error:
        raise bad_request(f"invalid continue token: continue key is not valid: {error}") from error
    if token.version < compacted:
        raise Refusal(expired(_EXPIRED))
    return token


def metadata_of(stored: Stored) -> bytes:
    """Return an object's metadata alone, as JSON."""
    return msgspec.json.encode(
        {
            "kind": "PartialObjectMetadata",
            "apiVersion": "meta.k8s.io/v1",
            "metadata": stored.object["metadata"],
        }
    )


def check_version(asked: str, current: int, compacted: int, match: str) -> int:
    """Return the version of the list that was asked for; 0 when any will do.

    Raises ``Refusal`` for one that is forgotten, or that was never reached.
    """
    if not asked or asked == "0":
        return current if not asked else 0
    if not asked.isdigit():
        raise bad_request(f"Invalid value: resourceVersion {asked}")
    version = int(asked)
    if version > current:
        message = f"Too large resource version: {version}, current: {current}"
        cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
        details = {"causes": [cause], "retryAfterSeconds": 1}
        raise Refusal(failure(504, "Timeout", f"Timeout: {message}", details=details))
    if match == "Exact":
        if version < compacted:
            raise Refusal(
                expired(f"The resourceVersion for the provided list is too old: {version}")
            )
        return version
    return current


def _head(kind: Kind, metadata: dict[str, object], *, partial: bool) -> dict[str, object]:
    if partial:
        name, version = "PartialObjectMetadataList", "meta.k8s.io/v1"
    else:
        name, version = f"{kind.name}List", kind.api_version
    return {"kind": name, "apiVersion": version, "metadata": metadata}
