"""Counters of the workspaces that are not terminated: of each person, each agent, and in all.

They change in the very transaction that makes or ends a workspace, and the quota is a condition on
them there. Each change raises ``version``, so that a recount is written only where nothing changed
while it was made.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.quotas import Holder, Limits, Scope, holders_of
from chalicelib.domain.workspaces.workspace import Workspace
from chalicelib.ports.store import (
    MAX_BATCH,
    Absent,
    AtMost,
    Check,
    Condition,
    Exists,
    Item,
    Key,
    Store,
    Update,
    Write,
)
from chalicelib.records import keys
from chalicelib.records.attributes import milliseconds, moment, number
from chalicelib.records.pages import every_item


@dataclass(frozen=True, slots=True)
class Count:
    """A counter. One that was never written counts nothing, at version 0."""

    workspaces: int = 0
    version: int = 0


def taken(workspace: Workspace, limits: Limits) -> list[Update]:
    """Return the writes that count one more.

    Each fails where there is no room; that of the organisation also fails when other limits are in
    force by now: every creation passes it.
    """
    org = workspace.organisation_id
    writes = []
    for holder in holders_of(workspace):
        when = _room(limits.of(holder.scope))
        if holder.scope is Scope.ORGANISATION:
            when.append(AtMost("settings", limits.version))
        writes.append(Update(_key(org, holder), add={"workspaces": 1, "version": 1}, when=when))
    return writes


def freed(workspace: Workspace) -> list[Update]:
    """Return the writes that count one less."""
    return [
        Update(_key(workspace.organisation_id, holder), add={"workspaces": -1, "version": 1})
        for holder in holders_of(workspace)
    ]


def taken_by(organisation_id: str, agent_id: str, limits: Limits) -> list[Write]:
    """Return the writes that count one more on an agent alone; they fail as those of ``taken``."""
    in_force = [AtMost("settings", limits.version)]
    holder = Holder(Scope.AGENT, agent_id)
    return [
        Update(
            _key(organisation_id, holder),
            add={"workspaces": 1, "version": 1},
            when=_room(limits.per_agent),
        ),
        Check(keys.organisation_quota(organisation_id), in_force),
    ]


def freed_by(organisation_id: str, agent_id: str) -> Update:
    """Return the write that counts one less on an agent alone."""
    key = keys.agent_quota(organisation_id, agent_id)
    return Update(key, add={"workspaces": -1, "version": 1})


def limits_changed(organisation: Organisation) -> Update:
    """Let nothing be made any more under the settings that hold until this change of them."""
    key = keys.organisation_quota(organisation.id)
    return Update(key, set={"settings": organisation.version + 1})


def corrected(organisation_id: str, holder: Holder, read: Count, workspaces: int) -> Update:
    """Write what was counted, if the counter did not change since it was read."""
    return Update(
        _key(organisation_id, holder),
        set={"workspaces": workspaces},
        add={"version": 1},
        when=[AtMost("version", read.version)],
    )


def recounted(organisation_id: str, at: float) -> Update:
    """Write when the organisation's counters were last counted anew."""
    return Update(keys.organisation_quota(organisation_id), set={"recounted": milliseconds(at)})


def recounted_at(store: Store, organisation_id: str) -> float:
    """Return when they were (seconds since the epoch); 0.0: never."""
    item = store.get(keys.organisation_quota(organisation_id))
    return 0.0 if item is None else moment(item.attributes, "recounted")


def load(store: Store, organisation_id: str, holders: Iterable[Holder]) -> dict[Holder, Count]:
    """Return the counters of any number of holders, each once."""
    wanted = {holder: _key(organisation_id, holder) for holder in holders}
    chosen, found = list(wanted.values()), dict[Key, Item]()
    for start in range(0, len(chosen), MAX_BATCH):
        found.update(store.get_many(chosen[start : start + MAX_BATCH]))
    return {holder: _count(found.get(key)) for holder, key in wanted.items()}


def load_all(store: Store, organisation_id: str) -> dict[Holder, Count]:
    """Return every counter that was ever written."""
    items = every_item(store, keys.of_organisation(organisation_id), keys.QUOTAS)
    return {_holder(item.key): _count(item) for item in items}


def holder_of(key: Key) -> Holder | None:
    """Return whose counter has this key; None where it is no counter's."""
    return _holder(key) if key.sort.startswith(keys.QUOTAS) else None


def _room(limit: int) -> list[Condition]:
    """A counter that was never written passes any bound, so that 0 needs what never holds."""
    return [AtMost("workspaces", limit - 1)] if limit > 0 else [Absent(), Exists()]


def _key(organisation_id: str, holder: Holder) -> Key:
    match holder.scope:
        case Scope.USER:
            return keys.user_quota(organisation_id, holder.id)
        case Scope.AGENT:
            return keys.agent_quota(organisation_id, holder.id)
        case Scope.ORGANISATION:
            return keys.organisation_quota(organisation_id)


def _holder(key: Key) -> Holder:
    scope, holder_id = keys.quota_parts(key.sort)
    return Holder(Scope(scope.lower()), holder_id)


def _count(item: Item | None) -> Count:
    if item is None:
        return Count()
    return Count(number(item.attributes, "workspaces"), number(item.attributes, "version"))
