"""The conversation with the control plane: one request at a time, full or partial.

``full`` begins after the start and each ``full_sync_ms``, in as many pages as it takes; prerequisites
are asked for before each. ``partial`` tells what changed, or asks whether there is something to do.
"""

from __future__ import annotations

from dataclasses import dataclass

from berth_agent.commands import Ask, Post
from berth_agent.events import Moment, Unanswered
from berth_agent.ledger import Ledger
from berth_agent.pacing import PAGE, REFUSED, TOO_MUCH, Pacing
from chalicelib.wire.reconcile import (
    FullSync,
    PrerequisitesRequest,
    ReconcileRequest,
    ReconcileResponse,
    WorkspaceReport,
)

PREREQUISITES_AGAIN = 30.0
"""Seconds until prerequisites are asked for again where they alone fail: workspaces go on."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who speaks. ``instance`` is unique to the process; ``namespace`` is the agent's own."""

    instance: str
    version: str
    namespace: str


@dataclass(slots=True)
class Transfer:
    """A full transfer in progress: the ids that are still to be sent."""

    id: str
    rest: list[str]
    page: int = 0
    sending: int = 0


class Conversation:
    """Begins with ``start``."""

    def __init__(self, identity: Identity, ledger: Ledger, *, page: int = PAGE) -> None:
        self._identity = identity
        self._ledger = ledger
        self._pacing = Pacing(largest=page, page=page)
        self._epoch = 0
        self._era: int | None = None
        self._busy = ""
        self._sent: dict[str, WorkspaceReport] = {}
        self._transfer: Transfer | None = None
        self._transfers = 0
        self._full_due = 0.0
        self._prerequisites_due = 0.0
        self._changed_at: float | None = None
        self._woken = False
        self._intent = -1
        self._distrusted = False
        self._more = False
        self._of_full = False
        """Whether the answer that has more pages is that to a full transfer."""
        self._cursor: str | None = None

    def start(self, epoch: int) -> None:
        """We lead, with this epoch."""
        self._epoch = epoch

    def changed(self, now: float) -> None:
        """There is something new to say."""
        if self._changed_at is None:
            self._changed_at = now

    def woken(self) -> None:
        """There is something to ask for; a request that is under way may have come too early."""
        self._woken = True

    def hasten(self, when: float) -> None:
        """Ask then at the latest."""
        self._pacing.hasten(when)

    def distrust(self) -> None:
        """Make the control plane look at everything anew with the next message."""
        self._distrusted = True

    def step(self, now: float, *, listening: bool | None) -> Ask | Post | None:
        """The next request, if it is time for one; ``listening`` is said in it."""
        if self._busy or now < self._pacing.not_before:
            return None
        if now >= self._prerequisites_due:
            self._busy = "prerequisites"
            return Ask(self._prerequisites())
        if self._transfer is None and now >= self._full_due:
            self._transfers += 1
            name = f"{self._identity.instance}-{self._transfers}"[-128:]
            self._transfer = Transfer(name, self._ledger.known())
        if self._transfer is None and not self._is_partial_due(now):
            return None
        self._busy = "reconcile"
        return Post(self._request(now, listening=listening))

    def enter(self, era: int | None, now: float) -> bool:
        """Take in the era of an answer; True when it is another one than we spoke in.

        Nothing that we said in the one before counts: prerequisites and a full transfer come anew.
        """
        former, self._era = self._era, era
        if former is None or era in (None, former):
            return False
        self._ledger.unsay()
        self._transfer = None
        self._prerequisites_due = self._full_due = now
        return True

    def prepared(self, moment: Moment) -> None:
        """Prerequisites came: speak of all workspaces now.

        Where they came late, orders were written before the control plane knew our namespace, from
        which its proxy comes: the full transfer puts that right.
        """
        self._busy = ""
        self._full_due = moment.now
        self._prerequisites_due = float("inf")
        self._pacing.answered(moment, next_poll_ms=0)

    def answered(self, response: ReconcileResponse, moment: Moment) -> dict[str, int]:
        """An answer came and its orders are taken up; tombstones to collect, by workspace."""
        self._busy = ""
        self._pacing.answered(moment, response.next_poll_ms)
        collect = self._ledger.settle(response.receipts, self._sent)
        self._sent = {}
        self._more, self._cursor = response.more, response.cursor
        if self._transfer is not None:
            self._transfer.rest = self._transfer.rest[self._transfer.sending :]
            self._transfer.page += 1
            if not self._transfer.rest:
                self._transfer = None
                self._of_full = True
                self._full_due = moment.now + max(response.full_sync_ms, 10_000) / 1000
                if self._prerequisites_due == float("inf"):
                    self._prerequisites_due = self._full_due
        if self._transfer is None and not response.more:
            self._intent = response.intent
            self._of_full = False
        return collect

    def unanswered(self, failure: Unanswered, moment: Moment) -> None:
        """A request failed: nothing of it counts as heard."""
        self._pacing.unanswered(moment, failure.status, failure.retry_after)
        self._pacing.hasten(moment.now)  # what made us ask stands: a wake-up comes but once
        if self._busy == "prerequisites":
            alone = failure.status >= 400 and failure.status not in REFUSED
            if alone:
                self._prerequisites_due = moment.now + PREREQUISITES_AGAIN
        elif failure.status in TOO_MUCH and len(self._sent) == 1:
            self._ledger.poison(next(iter(self._sent)), moment.now)
        if self._ledger.unsent():
            self.changed(moment.now)
        if self._of_full:
            # The rest of the answer is lost, and nothing else tells of what only drifted.
            self._full_due, self._of_full = moment.now, False
        self._busy = ""
        self._sent = {}
        self._more, self._cursor = False, None

    def wake_at(self) -> float | None:
        """When ``step`` has something to do again; None while an answer is awaited."""
        if self._busy:
            return None
        if self._transfer is not None or self._more or self._woken:
            return self._pacing.not_before
        due = min(self._pacing.poll_due, self._full_due, self._prerequisites_due)
        if self._changed_at is not None:
            due = min(due, self._pacing.change_due(self._changed_at))
        return max(due, self._pacing.not_before)

    def _is_partial_due(self, now: float) -> bool:
        if self._more or self._woken or now >= self._pacing.poll_due:
            return True
        return self._changed_at is not None and now >= self._pacing.change_due(self._changed_at)

    def _request(self, now: float, *, listening: bool | None) -> ReconcileRequest:
        transfer, page, full = self._transfer, self._pacing.page, None
        if transfer is None:
            reports, complete = self._ledger.batch(page, now)
        else:
            reports, transfer.sending = self._ledger.page(transfer.rest, page, now)
            complete = transfer.sending >= len(transfer.rest)
            full = FullSync(id=transfer.id, page=transfer.page, last=complete)
        self._sent = {report.workspace_id: report for report in reports}
        self._changed_at = None if complete else now  # the rest goes with the next one
        self._woken = False
        intent, self._distrusted = -1 if self._distrusted else self._intent, False
        return ReconcileRequest(
            update_type="partial" if transfer is None else "full",
            epoch=self._epoch,
            instance=self._identity.instance,
            version=self._identity.version,
            era=self._era,
            intent=intent,
            listening=listening,
            full_sync=full,
            reports=reports,
            cursor=self._cursor,
        )

    def _prerequisites(self) -> PrerequisitesRequest:
        return PrerequisitesRequest(
            epoch=self._epoch,
            instance=self._identity.instance,
            version=self._identity.version,
            namespace=self._identity.namespace,
        )
