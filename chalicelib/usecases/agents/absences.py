"""What a complete full transfer did not name is sent again, or withheld where it came from a backup.
Absence deletes nothing."""

import logging

from chalicelib.domain.workspaces.decide import missed, missed_after_restore
from chalicelib.domain.workspaces.wording import sight_words
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import ConditionFailed, StoreBusy
from chalicelib.records import states, syncs
from chalicelib.records.changes import Change, commit
from chalicelib.usecases.agents.conversation import Conversation
from chalicelib.usecases.workspaces.telling import event
from chalicelib.wire.reconcile import FullSync, WorkspaceReport

_log = logging.getLogger(__name__)


def note_absences(talk: Conversation, sync: FullSync, reports: tuple[WorkspaceReport, ...]) -> bool:
    """Remember what this page named; after the last page mark what none of them did.

    Return whether all of the transfer is committed.
    """
    named: set[str] | None = {report.workspace_id for report in reports}
    if not sync.last or sync.page > 0:
        named = _named_so_far(talk, sync, named or set())
    if named is None:
        return False
    committed = True
    for state in states.load_all(talk.ports.store, talk.placement):
        if talk.is_out_of_time():
            return False
        if state.workspace_id not in named:
            committed &= _mark(talk, state)
    return committed


def _named_so_far(talk: Conversation, sync: FullSync, named: set[str]) -> set[str] | None:
    """Return what all pages named; None while the transfer is incomplete."""
    # A newer holder of the Lease has an epoch of its own: it never completes another's transfer.
    transfer = f"{talk.epoch}:{sync.id}"
    store, now = talk.ports.store, talk.ports.clock.now()
    store.write(syncs.put_page(talk.placement, transfer, sync.page, named, now=now))
    if not sync.last:
        return None
    whole = syncs.load_named(store, talk.placement, transfer, pages=sync.page + 1)
    if whole is None:
        _log.warning("full sync of %s ended without all of its pages", talk.agent.id)
    return whole


def _mark(talk: Conversation, state: WorkspaceState) -> bool:
    """Store the absence; False when the state changed meanwhile."""
    now = talk.ports.clock.now()
    is_restored = state.epoch < talk.agent.restored
    after = missed_after_restore(state, talk.epoch, now) if is_restored else missed(state, now)
    if after is None:
        return True
    words = sight_words(after)
    told = event(talk.ports, after, kind="actual", message=words, actor=talk.agent.id)
    # The message may be a late copy whose answer nobody reads: the next question must not be idle.
    change = Change(talk.placement, state, after, (told,), is_news=True)
    try:
        commit(talk.ports.store, change)
    except (ConditionFailed, StoreBusy):
        _log.info("%s changed while its absence was noted", state.workspace_id)
        return False
    return True
