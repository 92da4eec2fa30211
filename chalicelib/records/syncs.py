"""Which workspaces the pages of a full transfer named, until the transfer is complete."""

from chalicelib.ports.store import Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA
from chalicelib.records.placement import Placement

KEPT_SECONDS = 3600


def put_page(placement: Placement, sync_id: str, page: int, named: set[str], *, now: float) -> Put:
    """Write what a page named; writing it again changes nothing."""
    key = keys.sync_page(placement.organisation_id, placement.agent_id, sync_id, page)
    ids: list[Value] = [*sorted(named)]
    return Put(Item(key, {"v": SCHEMA, "named": ids}, expires=int(now) + KEPT_SECONDS))


def load_named(store: Store, placement: Placement, sync_id: str, *, pages: int) -> set[str] | None:
    """Return what pages 0 to ``pages - 1`` named together; None while one of them is missing."""
    partition = keys.of_agent(placement.organisation_id, placement.agent_id)
    found: dict[str, list[str]] = {}
    after: str | None = None
    while True:
        page = store.query(partition, prefix=keys.sync_pages(sync_id), after=after)
        found.update((keys.last_part(item.key.sort), _named(item)) for item in page.items)
        if (after := page.next) is None:
            break
    wanted = [f"{number:06}" for number in range(pages)]
    if not all(number in found for number in wanted):
        return None
    return {each for number in wanted for each in found[number]}


def _named(item: Item) -> list[str]:
    named = item.attributes.get("named")
    return [each for each in named if isinstance(each, str)] if isinstance(named, list) else []
