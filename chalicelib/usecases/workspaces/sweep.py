"""The scheduled sweep: what time does to workspaces, whether or not their agents are heard.

A due row is only a hint. The state is read again by its key and written only if it is still so; a
row that fails is logged and comes again with the next sweep.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.domain.targets import TARGETS
from chalicelib.domain.workspaces.lifecycle import due_change
from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.domain.workspaces.wording import sight_words
from chalicelib.domain.workspaces.workspace import Workspace, WorkspaceState
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, StoreBusy
from chalicelib.records import (
    agents,
    changes,
    drains,
    dues,
    organisations,
    people,
    states,
    workspaces,
)
from chalicelib.records.changes import Change, commit
from chalicelib.records.dues import Due
from chalicelib.usecases.agents.drain import go_on_draining
from chalicelib.usecases.audit.write import audit
from chalicelib.usecases.organisations.quotas import recount_when_due
from chalicelib.usecases.workspaces.telling import BERTH, Actor, event
from chalicelib.usecases.workspaces.wish import Wish, looked, make_wish

STOP_AT_SECONDS = 5.0
_MOST = 1_000
_PAGE = 100

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class Swept:
    """What one sweep did."""

    looked: int = 0
    changed: int = 0
    erased: int = 0
    failed: int = 0
    corrected: int = 0
    """Counters of quotas that were wrong."""
    held_up: bool = False
    """The store did not say all that there was to look at."""


def sweep(ports: Ports, *, remaining: Callable[[], float], most: int = _MOST) -> Swept:
    """Look at what is due, at most ``most`` workspaces, until 5 s are left."""
    swept = Swept()
    _drain(ports, remaining, swept)
    organisations_met: set[str] = set()
    after: str | None = None
    while swept.looked < most and remaining() >= STOP_AT_SECONDS:
        limit = min(_PAGE, most - swept.looked)
        try:
            page = dues.load_page(ports.store, now=ports.clock.now(), after=after, limit=limit)
        except StoreBusy:
            _log.info("the store is busy: the next sweep goes on")
            swept.held_up = True
            break
        for due in page.dues:
            swept.looked += 1
            _try(due.workspace_id, partial(_look, ports, due, swept), swept)
            organisations_met.add(due.placement.organisation_id)
        if (after := page.next) is None:
            break
    for each in sorted(organisations_met):
        if remaining() >= STOP_AT_SECONDS:
            _try(each, partial(_recount, ports, each, remaining, swept), swept)
    return swept


def _try(subject: str, look: Callable[[], None], swept: Swept) -> None:
    try:
        look()
    except (ConditionFailed, StoreBusy):
        _log.info("%s changed while the sweep looked at it", subject)
    except Exception:  # noqa: BLE001 - a bug or a bad row must not hold up the others
        swept.failed += 1
        _log.exception("the sweep failed on %s", subject)


def _drain(ports: Ports, remaining: Callable[[], float], swept: Swept) -> None:
    """Go on with what drains are left with, for half of the time: the rest is everybody's."""
    ends = remaining() / 2 - STOP_AT_SECONDS

    def left() -> float:
        return remaining() - ends

    try:
        found = list(drains.load_all(ports.store))
    except StoreBusy:
        _log.info("the store is busy: the next sweep goes on with drains")
        swept.held_up = True
        return
    for organisation_id, agent_id in found:
        if left() >= STOP_AT_SECONDS:
            go_on = partial(go_on_draining, ports, organisation_id, agent_id, remaining=left)
            _try(agent_id, go_on, swept)


def _recount(
    ports: Ports, organisation_id: str, remaining: Callable[[], float], swept: Swept
) -> None:
    done = recount_when_due(ports, organisation_id, remaining=remaining)
    swept.corrected += 0 if done is None else len(done.corrections)


def _look(ports: Ports, due: Due, swept: Swept) -> None:
    org = due.placement.organisation_id
    state = states.load(ports.store, due.placement, due.workspace_id)
    workspace = workspaces.load(ports.store, org, due.workspace_id)
    if state is None or workspace is None or not dues.is_of(due, state):
        ports.store.write(dues.drop(due))
        return
    settings = organisations.load(ports.store, org).settings
    if _is_deserted(ports, workspace, settings):
        _erase(ports, workspace, state)
        swept.erased += 1
        return
    wish = _wish(ports, workspace, state, settings)
    after = state
    if wish is not None:
        after = make_wish(ports, settings, due.placement, state, wish)
    if after is not state:
        swept.changed += 1
    else:
        _pass_time(ports, due, state, settings)


def _is_deserted(ports: Ports, workspace: Workspace, settings: OrganisationSettings) -> bool:
    """Whether the workspace's agent is gone for good: nobody is left to remove it in order."""
    agent = agents.load(ports.store, workspace.organisation_id, workspace.agent_id)
    if agent is None:
        return True
    return _is_over(ports, agent.retired_at, settings)


def _wish(
    ports: Ports, workspace: Workspace, state: WorkspaceState, settings: OrganisationSettings
) -> Wish | None:
    owner = people.load(ports.store, workspace.organisation_id, workspace.owner_id)
    if owner is None or _is_over(ports, owner.removed_at, settings):
        words = "Its owner has left the organisation: terminated after the grace period."
        return Wish(DesiredState.TERMINATED, BERTH, words, "owner-left")
    change = due_change(state, settings, ports.clock.now())
    return None if change is None else Wish(change.desired, BERTH, change.message, change.cause)


def _is_over(ports: Ports, left_at: float | None, settings: OrganisationSettings) -> bool:
    return left_at is not None and ports.clock.now() >= left_at + settings.orphan_grace_seconds


def _pass_time(
    ports: Ports, due: Due, state: WorkspaceState, settings: OrganisationSettings
) -> None:
    """Write when to look next, and what became of the workspace by the passing of time alone."""
    now = ports.clock.now()
    after = state
    overdue = TARGETS["kubernetes"].overdue(state, now)
    if overdue is not None and (overdue.actual, overdue.reason) != (state.actual, state.reason):
        after = replace(state, actual=overdue.actual, reason=overdue.reason, actual_at=now)
    words = sight_words(after)
    told = (
        () if after is state else (event(ports, after, kind="actual", message=words, actor=BERTH),)
    )
    commit(ports.store, Change(due.placement, state, looked(after, settings, now), told))


def _erase(ports: Ports, workspace: Workspace, state: WorkspaceState) -> None:
    detail = f"agent {workspace.agent_id} is retired; what its cluster still has is removed there"
    actor = Actor(workspace.organisation_id, BERTH)
    told = audit(ports, actor, "workspaces:erase", workspace.id, detail=detail)
    ports.store.transact([*changes.erased(workspace, state), *told])
