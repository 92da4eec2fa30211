"""Admissions, and the rows that make a signed token single-use."""

from collections.abc import Sequence

from chalicelib.domain.access.admission import Admission
from chalicelib.ports.signing import Purpose
from chalicelib.ports.store import MAX_BATCH, Absent, Item, Key, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds, moment, number, text


def put_new(admission: Admission) -> Put:
    """Write a new admission."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "agent": admission.agent_id,
        "workspace": admission.workspace_id,
        "user": admission.user_id,
        "session": admission.session_id,
        "port": admission.port,
        "until": milliseconds(admission.expires_at),
    }
    key = keys.admission(admission.organisation_id, admission.id)
    return Put(Item(key, attributes, expires=int(admission.expires_at)), when=[Absent()])


def load_many(store: Store, organisation_id: str, ids: Sequence[str]) -> dict[str, Admission]:
    """Return those admissions that exist, by id."""
    wanted = [keys.admission(organisation_id, admission_id) for admission_id in ids]
    found = get_all(store, wanted)
    return {
        admission.id: admission
        for item in found.values()
        for admission in (from_item(item, organisation_id),)
    }


def get_all(store: Store, wanted: Sequence[Key]) -> dict[Key, Item]:
    """Return the items of any number of keys, some of which may be the same."""
    distinct = list(dict.fromkeys(wanted))
    found: dict[Key, Item] = {}
    for start in range(0, len(distinct), MAX_BATCH):
        found.update(store.get_many(distinct[start : start + MAX_BATCH]))
    return found


def use_up(purpose: Purpose, token_id: str, expires: int) -> Put:
    """Write that the signed token was used; fails when it was before."""
    attributes: dict[str, Value] = {"v": SCHEMA}
    key = keys.once(purpose.value, token_id)
    return Put(Item(key, attributes, expires=expires), when=[Absent()])


def from_item(item: Item, organisation_id: str) -> Admission:
    """Return the admission that an item holds."""
    stored = item.attributes
    return Admission(
        id=keys.last_part(item.key.sort),
        organisation_id=organisation_id,
        agent_id=text(stored, "agent"),
        workspace_id=text(stored, "workspace"),
        user_id=text(stored, "user"),
        session_id=text(stored, "session"),
        port=number(stored, "port"),
        expires_at=moment(stored, "until"),
    )
