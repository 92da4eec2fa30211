"""Sessions of browsers. The item lives until the session's longest life is over."""

from chalicelib.domain.access.credentials import Session
from chalicelib.domain.access.member import Member
from chalicelib.ports.store import Absent, Delete, Exists, Item, Put, Store, Update, Value
from chalicelib.records import keys, people
from chalicelib.records.attributes import SCHEMA, milliseconds, moment, octets, text


def load(store: Store, organisation_id: str, session_id: str) -> Session | None:
    """Return the session."""
    item = store.get(keys.session(organisation_id, session_id))
    return None if item is None else from_item(item, organisation_id)


def load_with_holder(
    store: Store, organisation_id: str, session_id: str, holder_id: str | None
) -> tuple[Session | None, Member | None]:
    """Return the session and in the same call the member whose it is, where that is known."""
    key = keys.session(organisation_id, session_id)
    item, holder = people.load_beside(store, key, organisation_id, holder_id)
    return None if item is None else from_item(item, organisation_id), holder


def put_new(session: Session) -> Put:
    """Write a new session."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "user": session.user_id,
        "digest": session.digest,
        "created": milliseconds(session.created_at),
        "seen": milliseconds(session.seen_at),
        "until": milliseconds(session.expires_at),
    }
    key = keys.session(session.organisation_id, session.id)
    return Put(Item(key, attributes, expires=int(session.expires_at)), when=[Absent()])


def seen(session: Session, at: float) -> Update:
    """Write when the session was last used; fails once it was ended."""
    return Update(
        keys.session(session.organisation_id, session.id),
        set={"seen": milliseconds(at)},
        when=[Exists()],
    )


def end(organisation_id: str, session_id: str) -> Delete:
    """End the session."""
    return Delete(keys.session(organisation_id, session_id))


def from_item(item: Item, organisation_id: str) -> Session:
    """Return the session that an item holds."""
    stored = item.attributes
    return Session(
        id=keys.last_part(item.key.sort),
        organisation_id=organisation_id,
        user_id=text(stored, "user"),
        digest=octets(stored, "digest"),
        created_at=moment(stored, "created"),
        seen_at=moment(stored, "seen"),
        expires_at=moment(stored, "until"),
    )
