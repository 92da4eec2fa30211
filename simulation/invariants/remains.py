"""Rules on the store when all is done: nothing is left of what ended, and every counter is right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from chalicelib.domain.organisations.quotas import holders_of
from chalicelib.domain.workspaces.states import ActualState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import Store
from chalicelib.records import plans, quotas, sealed, workspaces
from simulation.history import History


def look_at_counters(history: History, store: Store, organisation_id: str) -> None:
    """Check that the counters say how many workspaces there are that are not terminated."""
    living = workspaces.load_living(store, organisation_id)
    counted = Counter(holder for workspace in living for holder in holders_of(workspace))
    for holder, count in sorted(quotas.load_all(store, organisation_id).items()):
        if count.workspaces != counted[holder]:
            words = f"{holder.id} has {counted[holder]}, its counter says {count.workspaces}"
            history.broken("INV-14", words)


def look_at_ends(
    history: History, store: Store, organisation_id: str, states: Iterable[WorkspaceState]
) -> None:
    """Check that neither plan nor sealed variables are left of a terminated workspace."""
    ended = [each.workspace_id for each in states if each.actual is ActualState.TERMINATED]
    for rows in (plans, sealed):
        left = rows.load_items(store, organisation_id, ended)
        for workspace_id in sorted(left):
            history.broken("INV-24", f"{workspace_id} is terminated, and its contents are stored")
