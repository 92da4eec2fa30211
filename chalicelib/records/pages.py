"""Walking over all items of a kind."""

from collections.abc import Iterator

from chalicelib.ports.store import Item, Store


def every_item(store: Store, partition: str, prefix: str) -> Iterator[Item]:
    """Yield every item of the partition whose sort key starts with the prefix."""
    after: str | None = None
    while True:
        page = store.query(partition, prefix=prefix, after=after)
        yield from page.items
        if page.next is None:
            return
        after = page.next
