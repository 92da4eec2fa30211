"""A workspace's hot item, under 1 KB while all is well: what reconcile reads and writes."""

import logging
from collections.abc import Iterable, Iterator, Sequence

from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import Reason, WorkspaceState
from chalicelib.ports.store import MAX_BATCH, Item, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds, moment, moment_or_none, number, text
from chalicelib.records.placement import Placement

KEPT_SECONDS = 30 * 24 * 3600
"""How long a terminated workspace is still shown."""

_log = logging.getLogger(__name__)


def load(store: Store, placement: Placement, workspace_id: str) -> WorkspaceState | None:
    """Return the state of a workspace of this agent."""
    item = store.get(keys.state(placement.organisation_id, placement.agent_id, workspace_id))
    return None if item is None else from_item(item)


def load_items(store: Store, placed: Sequence[tuple[Placement, str]]) -> dict[str, Item]:
    """Return those of any number of states that exist, by workspace id, unread: a row that cannot
    be read is then its own reader's trouble and not that of all."""
    wanted = [
        keys.state(place.organisation_id, place.agent_id, workspace_id)
        for place, workspace_id in placed
    ]
    found: dict[str, Item] = {}
    for start in range(0, len(wanted), MAX_BATCH):
        items = store.get_many(list(dict.fromkeys(wanted[start : start + MAX_BATCH])))
        found.update((keys.last_part(key.sort), item) for key, item in items.items())
    return found


def load_many(store: Store, placed: Sequence[tuple[Placement, str]]) -> dict[str, WorkspaceState]:
    """Return those of any number of states that exist and can be read, by workspace id."""
    items = load_items(store, placed).values()
    return {state.workspace_id: state for state in _readable(items)}


def load_all(store: Store, placement: Placement) -> Iterator[WorkspaceState]:
    """Yield the states of all workspaces of an agent, as far as they can be read."""
    partition = keys.of_agent(placement.organisation_id, placement.agent_id)
    after: str | None = None
    while True:
        page = store.query(partition, prefix=keys.STATES, after=after)
        yield from _readable(page.items)
        if (after := page.next) is None:
            return


def to_item(placement: Placement, state: WorkspaceState) -> Item:
    """Return the item of a state; that of a terminated workspace expires."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "version": state.version,
        "desired": state.desired.value,
        "actual": state.actual.value,
        "generation": state.generation,
        "acknowledged": state.acknowledged,
        "desired_at": milliseconds(state.desired_at),
        "actual_at": milliseconds(state.actual_at),
        "epoch": state.epoch,
        "resource_version": state.resource_version,
        "live_generation": state.live_generation,
        "live_secrets_digest": state.live_secrets_digest,
        "spec_digest": state.spec_digest,
        "secrets_digest": state.secrets_digest,
    }
    attributes |= _moments(state) | _reason(state.reason)
    if state.withheld:
        attributes["withheld"] = True
    if state.leaps:
        attributes["leaps"] = True
    if state.stay > 1:
        attributes["stay"] = state.stay
    key = keys.state(placement.organisation_id, placement.agent_id, state.workspace_id)
    return Item(key, attributes, expires=expires(state))


def expires(state: WorkspaceState) -> int | None:
    """Return when what is kept of the workspace may be dropped; None while it lives."""
    if state.actual is not ActualState.TERMINATED:
        return None
    return int(state.actual_at) + KEPT_SECONDS


def from_item(item: Item) -> WorkspaceState:
    """Return the state that an item holds."""
    stored = item.attributes
    return WorkspaceState(
        workspace_id=keys.last_part(item.key.sort),
        version=number(stored, "version"),
        desired=DesiredState(text(stored, "desired")),
        actual=ActualState(text(stored, "actual")),
        generation=number(stored, "generation"),
        acknowledged=number(stored, "acknowledged"),
        desired_at=moment(stored, "desired_at"),
        actual_at=moment(stored, "actual_at"),
        started_at=moment_or_none(stored, "started_at"),
        epoch=number(stored, "epoch"),
        resource_version=number(stored, "resource_version"),
        live_generation=number(stored, "live_generation"),
        live_secrets_digest=text(stored, "live_secrets_digest"),
        spec_digest=text(stored, "spec_digest"),
        secrets_digest=text(stored, "secrets_digest"),
        reason=_reason_of(stored.get("reason")),
        look_at=moment_or_none(stored, "look_at"),
        withheld=stored.get("withheld") is True,
        leaps=stored.get("leaps") is True,
        stay=number(stored, "stay", 1),
    )


def _readable(items: Iterable[Item]) -> Iterator[WorkspaceState]:
    for item in items:
        try:
            yield from_item(item)
        except (ValueError, TypeError):
            _log.exception("the state at %s cannot be read", item.key.sort)


def _moments(state: WorkspaceState) -> dict[str, Value]:
    moments = {"started_at": state.started_at, "look_at": state.look_at}
    return {name: milliseconds(at) for name, at in moments.items() if at is not None}


def _reason(reason: Reason | None) -> dict[str, Value]:
    if reason is None:
        return {}
    return {
        "reason": {
            "code": reason.code,
            "message": reason.message,
            "hint": reason.hint,
            "retrying": reason.retrying,
        }
    }


def _reason_of(stored: Value) -> Reason | None:
    if not isinstance(stored, dict):
        return None
    return Reason(
        code=text(stored, "code"),
        message=text(stored, "message"),
        hint=text(stored, "hint"),
        retrying=stored.get("retrying") is not False,
    )
