"""What happened to a workspace, newest first for its owner; kept for 90 days."""

from dataclasses import dataclass

from chalicelib.ports.store import Absent, Item, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds, moment, number, text

KEPT_SECONDS = 90 * 24 * 3600


@dataclass(frozen=True, slots=True)
class Event:
    """One line of a workspace's timeline. ``kind`` is for programs, ``message`` for people.

    ``actor`` is a user's id, an agent's, or ``berth`` where Berth acts by itself.
    """

    id: str
    at: float
    kind: str
    message: str
    actor: str
    generation: int
    desired: str = ""
    actual: str = ""


@dataclass(frozen=True, slots=True)
class EventPage:
    """Events, newest first; ``next`` goes on with older ones."""

    events: tuple[Event, ...]
    next: str | None


def put_new(organisation_id: str, workspace_id: str, event: Event) -> Put:
    """Write an event."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "at": milliseconds(event.at),
        "kind": event.kind,
        "message": event.message,
        "actor": event.actor,
        "generation": event.generation,
        "desired": event.desired,
        "actual": event.actual,
    }
    key = keys.event(organisation_id, workspace_id, event.at, event.id)
    return Put(Item(key, attributes, expires=int(event.at) + KEPT_SECONDS), when=[Absent()])


def load_page(
    store: Store, partition: tuple[str, str], *, after: str | None, limit: int
) -> EventPage:
    """Return a page of the events of a workspace (organisation and workspace id), newest first."""
    page = store.query(
        keys.of_workspace(*partition), prefix=keys.EVENTS, after=after, limit=limit, descending=True
    )
    return EventPage(tuple(map(_from_item, page.items)), page.next)


def _from_item(item: Item) -> Event:
    stored = item.attributes
    return Event(
        id=keys.last_part(item.key.sort),
        at=moment(stored, "at"),
        kind=text(stored, "kind"),
        message=text(stored, "message"),
        actor=text(stored, "actor"),
        generation=number(stored, "generation"),
        desired=text(stored, "desired"),
        actual=text(stored, "actual"),
    )
