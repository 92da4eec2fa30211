"""The sealed variables of a workspace, in chunks that an item can hold."""

from collections.abc import Sequence

from chalicelib.ports.sealing import Sealed
from chalicelib.ports.store import MAX_BATCH, Absent, Delete, Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, octets, text

CHUNK_BYTES = 300 * 1024
MAX_CHUNKS = 4
"""More than the limits of the variables ever need."""


def put_new(organisation_id: str, workspace_id: str, sealed: Sealed) -> list[Put]:
    """Write sealed variables; the first chunk carries the wrapped key and the digest."""
    content = sealed.ciphertext
    chunks = [content[start : start + CHUNK_BYTES] for start in range(0, len(content), CHUNK_BYTES)]
    if len(chunks) > MAX_CHUNKS:
        raise ValueError(
            f"sealed variables have {len(content)} bytes, at most {MAX_CHUNKS * CHUNK_BYTES}"
        )
    puts: list[Put] = []
    for number, chunk in enumerate(chunks):
        attributes: dict[str, Value] = {"v": SCHEMA, "content": chunk}
        if number == 0:
            attributes |= {"key": sealed.wrapped_key, "digest": sealed.digest}
        puts.append(
            Put(
                Item(keys.sealed(organisation_id, workspace_id, number), attributes),
                when=[Absent()],
            )
        )
    return puts


def load_items(
    store: Store, organisation_id: str, workspace_ids: Sequence[str]
) -> dict[str, list[Item]]:
    """Return the chunks of those workspaces that have variables, by workspace id; see ``sealed_of``.

    Few have more than one chunk: one question for the firsts of all, another for the rest of few.
    """
    firsts = _chunks(store, organisation_id, [(each, 0) for each in workspace_ids])
    full = [each for each, (first,) in firsts.items() if _is_full(first)]
    rest = [(each, number) for each in full for number in range(1, MAX_CHUNKS)]
    others = _chunks(store, organisation_id, rest)
    return {each: chunks + others.get(each, []) for each, chunks in firsts.items()}


def size_of(chunks: Sequence[Item]) -> int:
    """Return the bytes of the sealed variables that the chunks hold."""
    return sum(len(octets(item.attributes, "content")) for item in chunks)


def sealed_of(chunks: Sequence[Item]) -> Sealed:
    """Return the sealed variables that the chunks hold."""
    first = chunks[0].attributes
    return Sealed(
        wrapped_key=octets(first, "key"),
        ciphertext=b"".join(octets(item.attributes, "content") for item in chunks),
        digest=text(first, "digest"),
    )


def _chunks(
    store: Store, organisation_id: str, wanted: Sequence[tuple[str, int]]
) -> dict[str, list[Item]]:
    """Return the chunks that are there, in the order in which they are asked for, by workspace id."""
    found: dict[str, list[Item]] = {}
    for start in range(0, len(wanted), MAX_BATCH):
        asked = {
            keys.sealed(organisation_id, workspace_id, number): workspace_id
            for workspace_id, number in wanted[start : start + MAX_BATCH]
        }
        items = store.get_many(list(asked))
        for key, workspace_id in asked.items():
            if key in items:
                found.setdefault(workspace_id, []).append(items[key])
    return found


def _is_full(chunk: Item) -> bool:
    content = chunk.attributes.get("content")
    return isinstance(content, bytes) and len(content) == CHUNK_BYTES


def forget(organisation_id: str, workspace_id: str) -> list[Delete]:
    """Remove the sealed variables."""
    return [
        Delete(keys.sealed(organisation_id, workspace_id, number)) for number in range(MAX_CHUNKS)
    ]
