"""The sealed variables of a workspace, in chunks that an item can hold."""

from chalicelib.ports.sealing import Sealed
from chalicelib.ports.store import Absent, Delete, Item, Put, Store, Value
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


def load(store: Store, organisation_id: str, workspace_id: str) -> Sealed | None:
    """Return the sealed variables; None when the workspace has none."""
    partition = keys.of_workspace(organisation_id, workspace_id)
    items: list[Item] = []
    after: str | None = None
    while True:
        page = store.query(partition, prefix=keys.SEALED, after=after)
        items.extend(page.items)
        if (after := page.next) is None:
            break
    if not items:
        return None
    first = items[0].attributes
    return Sealed(
        wrapped_key=octets(first, "key"),
        ciphertext=b"".join(octets(item.attributes, "content") for item in items),
        digest=text(first, "digest"),
    )


def forget(organisation_id: str, workspace_id: str) -> list[Delete]:
    """Remove the sealed variables."""
    return [
        Delete(keys.sealed(organisation_id, workspace_id, number)) for number in range(MAX_CHUNKS)
    ]
