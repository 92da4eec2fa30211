"""The agent's core: events in, commands out. Deterministic, so that a simulator can run it.

It knows of no clock, no randomness, no thread and no socket; ``Moment`` brings what it needs.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_never

from berth_agent.commands import ApplyProxy, Command, WakeAt, Work
from berth_agent.conversation import Conversation, Identity
from berth_agent.events import (
    Answered,
    Changed,
    Deaf,
    Happening,
    Heard,
    Looked,
    Moment,
    Prepared,
    ProxyApplied,
    Started,
    Tick,
    Unanswered,
    Worked,
)
from berth_agent.ledger import Ledger
from berth_agent.listening import Listening
from berth_agent.pacing import COALESCE, PAGE, POLL_WITHOUT
from berth_agent.report import report_of
from berth_agent.steadiness import Steadiness
from berth_agent.stops import LOOK_AGAIN, Stops
from berth_agent.tasks import Done, Failed, Incomplete
from berth_agent.view import View
from berth_agent.worklist import Worklist
from berth_kube.backoff import Backoff
from chalicelib.wire.reconcile import ApplyOrder, PrerequisitesResponse, ReconcileResponse

WORKERS = 8


class Core:
    """Feed it events in the order in which they happened; carry out what it returns."""

    def __init__(self, identity: Identity, *, workers: int = WORKERS, page: int = PAGE) -> None:
        self._view = View()
        self._steadiness = Steadiness()
        self._stops = Stops()
        self._ledger = Ledger()
        self._worklist = Worklist(workers)
        self._conversation = Conversation(identity, self._ledger, page=page)
        self._listening = Listening()
        self._proxy = _Proxy()
        self._leading = False
        self._entering = False
        self._touched: dict[str, None] = {}
        self._look_at: float | None = None
        self._later: dict[str, float] = {}

    def handle(self, event: Happening, moment: Moment) -> list[Command]:
        """Take in an event; what is to be done now."""
        self._take(event, moment)
        return list(self._proceed(moment)) if self._leading else []

    def _take(self, event: Happening, moment: Moment) -> None:
        match event:
            case Changed(change):
                workspace_id = self._view.take(change)
                if workspace_id is not None:
                    self._touch(workspace_id, moment.now + COALESCE)
            case Started(epoch):
                self._leading = True
                self._look_at = moment.now
                self._conversation.start(epoch)
            case Prepared() | Answered() | Unanswered():
                self._hear(event, moment)
            case Worked() | Looked() | ProxyApplied():
                self._finished(event, moment)
            case Heard() | Deaf():
                self._listened(event, moment)
            case Tick():
                pass
            case _:
                assert_never(event)

    def _hear(self, event: Prepared | Answered | Unanswered, moment: Moment) -> None:
        match event:
            case Prepared(response):
                self._enter(response.era, moment)
                self._conversation.prepared(moment)
                self._proxy.wish(response)
            case Answered(response):
                self._enter(response.era, moment)
                self._obey(response, moment)
            case Unanswered():
                self._conversation.unanswered(event, moment)

    def _obey(self, response: ReconcileResponse, moment: Moment) -> None:
        for order in response.orders:
            self._worklist.order(order)
        collect = self._conversation.answered(response, moment)
        self._listening.offer(response.wake, moment.now)
        if self._listening.is_deaf:
            self._conversation.hasten(moment.now + POLL_WITHOUT)
        for order in response.orders:
            if isinstance(order, ApplyOrder):
                self._ledger.doubt(order.workspace_id, order.generation)
        for workspace_id, generation in collect.items():
            self._worklist.collect(workspace_id, generation)

    def _listened(self, event: Heard | Deaf, moment: Moment) -> None:
        match event:
            case Heard(woken):
                if self._listening.heard(woken=woken):
                    self._conversation.woken()
            case Deaf(refused):
                self._conversation.hasten(self._listening.deaf(moment, refused=refused))

    def _enter(self, era: int | None, moment: Moment) -> None:
        """In a new era all orders are void, and we report before we obey."""
        if self._conversation.enter(era, moment.now):
            self._worklist.void()
            self._entering = True

    def _may_speak(self) -> bool:
        """Not in a new era before the last work of the one before has ended: it would be reported
        as it was in the middle of it."""
        self._entering = self._entering and self._worklist.is_ending()
        return not self._entering

    def _finished(self, event: Worked | Looked | ProxyApplied, moment: Moment) -> None:
        match event:
            case ProxyApplied():
                self._proxy.applied(event, moment)
            case Worked():
                self._worked(event, moment)
            case Looked():
                sure = self._stops.looked(event.command, event.left)
                self._touch(event.command.workspace_id, moment.now + (0.0 if sure else LOOK_AGAIN))

    def _worked(self, event: Worked, moment: Moment) -> None:
        error = self._worklist.finish(event.workspace_id, event.outcome, moment)
        if isinstance(event.outcome, Incomplete):
            self._ledger.lose(event.workspace_id)
            self._conversation.distrust()
            self._conversation.changed(moment.now)
        elif isinstance(event.outcome, Done) and self._ledger.regain(event.workspace_id):
            self._conversation.changed(moment.now)
        if error is None and isinstance(event.outcome, Failed):
            return  # it may heal: neither told nor taken back
        if self._ledger.fail(event.workspace_id, error):
            self._conversation.changed(moment.now)

    def _proceed(self, moment: Moment) -> Iterator[Command]:
        self._look(moment.now)
        yield from self._stops.take()
        for workspace_id, task in self._worklist.take(moment.now):
            yield Work(workspace_id, task)
        if (proxy := self._proxy.step(moment.now)) is not None:
            yield proxy
        if (question := self._listening.step(moment.now)) is not None:
            yield question
        may_speak = self._may_speak()
        listening = self._listening.says(moment.now)
        if may_speak and (request := self._conversation.step(moment.now, listening=listening)):
            yield request
        due = (
            self._conversation.wake_at() if may_speak else None,
            self._worklist.next_at(),
            self._proxy.wake_at(),
            self._listening.wake_at(),
            self._look_at,
        )
        if times := [when for when in due if when is not None]:
            yield WakeAt(min(times))

    def _touch(self, workspace_id: str, when: float) -> None:
        self._touched[workspace_id] = None
        self._look_at = when if self._look_at is None else min(when, self._look_at)

    def _look(self, now: float) -> None:
        """Make the reports of what changed, once changes had the time to gather."""
        if self._look_at is None or now < self._look_at:
            return
        touched = [*self._touched, *(i for i, when in self._later.items() if when <= now)]
        self._touched = {}
        for workspace_id in dict.fromkeys(touched):
            self._later.pop(workspace_id, None)
            self._report(workspace_id, now)
        self._look_at = min(self._later.values(), default=None)

    def _report(self, workspace_id: str, now: float) -> None:
        report = report_of(self._view.facts(workspace_id))
        lasting, again = self._steadiness.lasting(workspace_id, report.troubles, now)
        if again is not None:
            self._later[workspace_id] = again
        if len(lasting) != len(report.troubles):
            report = report.model_copy(update={"troubles": lasting})
        if self._ledger.observe(self._stops.check(report)):
            self._conversation.changed(now - COALESCE)  # it waited that long already
        if report.tombstone is not None and report.namespace != "Absent":
            self._worklist.resume(workspace_id, report.tombstone)
        self._worklist.nudge(workspace_id)


class _Proxy:
    """The proxy's objects: applied when their digest changes, again until that succeeds."""

    def __init__(self) -> None:
        self._wished: PrerequisitesResponse | None = None
        self._digest: str | None = None
        self._running = False
        self._due = 0.0
        self._backoff = Backoff(first=2.0, cap=300.0, jitter=0.5)

    def wish(self, response: PrerequisitesResponse) -> None:
        self._wished = response
        self._due = 0.0

    def step(self, now: float) -> ApplyProxy | None:
        if self._running or now < self._due or not self._is_wished():
            return None
        assert self._wished is not None
        self._running = True
        return ApplyProxy(self._wished.objects, self._wished.digest)

    def applied(self, event: ProxyApplied, moment: Moment) -> None:
        self._running = False
        if event.succeeded:
            self._digest = event.digest
            self._backoff.reset()
        else:
            self._due = moment.now + self._backoff.next(moment.chance)

    def wake_at(self) -> float | None:
        return self._due if self._is_wished() and not self._running else None

    def _is_wished(self) -> bool:
        return self._wished is not None and self._wished.digest != self._digest
