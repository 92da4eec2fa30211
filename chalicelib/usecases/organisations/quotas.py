"""Quotas: how much of each is used, and counting anew what is counted as it changes.

The counters change with the rows in one transaction, so only what passes by Berth (a restored table,
an edited item, a fault of ours) sets them apart.
"""

import logging
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.organisations.quotas import Holder, Scope, holders_of, limits_of
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, Store
from chalicelib.records import agents, organisations, quotas, workspaces
from chalicelib.records.quotas import Count
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import Acting, audit
from chalicelib.usecases.workspaces.telling import BERTH, Actor

RECOUNT_EVERY = 24 * 3600.0
"""Seconds."""
STOP_AT_SECONDS = 5.0
_ATTEMPTS = 5

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Usage:
    """How many workspaces that are not terminated a holder has, and how many it may have."""

    holder: Holder
    name: str
    workspaces: int
    limit: int


@dataclass(frozen=True, slots=True)
class Correction:
    """A counter that was wrong."""

    holder: Holder
    stored: int
    counted: int


@dataclass(frozen=True, slots=True)
class Recount:
    """What a recount did. What changed at every attempt is ``unsettled``: right or wrong, it was
    left as it was."""

    corrections: tuple[Correction, ...]
    unsettled: tuple[Holder, ...]


def read_quotas(ports: Ports, person: Person) -> tuple[Usage, ...]:
    """Return what is used of the organisation's quota, of the person's own and of every agent's."""
    require(person, Action.ORGANISATION_READ)
    org = person.organisation_id
    organisation = organisations.load(ports.store, org)
    names = {
        Holder(Scope.ORGANISATION, org): organisation.name,
        Holder(Scope.USER, person.id): person.name,
    }
    for agent in agents.every_agent(ports.store, org):
        if agent.retired_at is None:
            names[Holder(Scope.AGENT, agent.id)] = agent.name
    limits, counts = limits_of(organisation), quotas.load(ports.store, org, names)
    return tuple(
        Usage(holder, name, counts[holder].workspaces, limits.of(holder.scope))
        for holder, name in names.items()
    )


def recount_quotas(ports: Ports, person: Person, *, remaining: Callable[[], float]) -> Recount:
    """Count anew, as an owner asks for it."""
    require(person, Action.ORGANISATION_CHANGE)
    return recount(ports, person, remaining=remaining)


def recount(ports: Ports, actor: Acting, *, remaining: Callable[[], float]) -> Recount:
    """Count the organisation's workspaces and correct the counters that say otherwise.

    Creations and ends go on meanwhile. A counter is written only if it did not change between its
    reading, which comes before that of the rows, and the writing; else all are read again.
    """
    corrections: list[Correction] = []
    unsettled: list[Holder] = []
    for _ in range(_ATTEMPTS):
        unsettled = []
        for correction, read in _wrong(ports.store, actor.organisation_id):
            if _correct(ports, actor, correction, read):
                corrections.append(correction)
            else:
                unsettled.append(correction.holder)
        if not unsettled or remaining() < STOP_AT_SECONDS:
            break
    return Recount(tuple(corrections), tuple(unsettled))


def recount_when_due(
    ports: Ports, organisation_id: str, *, remaining: Callable[[], float]
) -> Recount | None:
    """Count anew where that was last done a day ago; None where it is not due."""
    now = ports.clock.now()
    if now < quotas.recounted_at(ports.store, organisation_id) + RECOUNT_EVERY:
        return None
    # Noted first: one that cannot be made is not tried again each minute.
    ports.store.write(quotas.recounted(organisation_id, now))
    return recount(ports, Actor(organisation_id, BERTH), remaining=remaining)


def _wrong(store: Store, organisation_id: str) -> list[tuple[Correction, Count]]:
    stored = quotas.load_all(store, organisation_id)
    living = workspaces.load_living(store, organisation_id)
    counted = Counter(holder for workspace in living for holder in holders_of(workspace))
    return [
        (Correction(holder, read.workspaces, counted[holder]), read)
        for holder in sorted(stored.keys() | counted.keys())
        if (read := stored.get(holder, Count())).workspaces != counted[holder]
    ]


def _correct(ports: Ports, actor: Acting, correction: Correction, read: Count) -> bool:
    org, holder, counted = actor.organisation_id, correction.holder, correction.counted
    detail = f"workspaces of the {holder.scope}: counted {counted}, not {correction.stored}"
    told = audit(ports, actor, "quotas:correct", holder.id, detail=detail)
    try:
        ports.store.transact([quotas.corrected(org, holder, read, counted), *told])
    except ConditionFailed:
        return False
    _log.warning("%s, %s", holder.id, detail)
    return True
