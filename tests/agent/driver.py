"""Drives the core as a shell would, with a clock of its own and a control plane by hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from berth_agent.commands import ApplyProxy, Ask, Command, Look, Post, WakeAt, Work
from berth_agent.conversation import Identity
from berth_agent.core import Core
from berth_agent.events import (
    Answered,
    Happening,
    Looked,
    Moment,
    Prepared,
    ProxyApplied,
    Started,
    Tick,
    Unanswered,
    Worked,
)
from berth_agent.tasks import Done, Outcome
from chalicelib.wire.reconcile import (
    ApplyOrder,
    PrerequisitesResponse,
    Receipt,
    ReconcileRequest,
    ReconcileResponse,
    TerminateOrder,
    WakeChannel,
)
from chalicelib.wire.reconcile import (
    Outcome as ReceiptOutcome,
)

C = TypeVar("C", bound=Command)
DONE = Done()


class Driver:
    """One agent. ``posts`` are all requests so far; ``works`` all tasks that were begun."""

    def __init__(self, instance: str = "agent-1") -> None:
        self.core = Core(Identity(instance, "0", "berth"))
        self.now = 100.0
        self.commands: list[Command] = []
        self.wake_at: float | None = None

    def tell(self, event: Happening) -> list[Command]:
        """Tell the core; what it wants now."""
        fresh = self.core.handle(event, Moment(self.now, 0.0))
        for command in fresh:
            if isinstance(command, WakeAt):
                self.wake_at = command.when
        self.commands += [c for c in fresh if not isinstance(c, WakeAt)]
        return fresh

    def start(self, epoch: int = 1, era: int | None = None) -> ReconcileRequest:
        """Lead, take the prerequisites, and return the first (full) request."""
        self.tell(Started(epoch))
        self.only(Ask)
        self.tell(Prepared(PrerequisitesResponse(era=era)))
        self.run_proxy()
        return self.post()

    def run_proxy(self) -> None:
        """Let the proxy be applied, if that is wanted."""
        for command in [c for c in self.commands if isinstance(c, ApplyProxy)]:
            self.commands.remove(command)
            self.tell(ProxyApplied(command.digest, succeeded=True))

    def pass_time(self, seconds: float) -> None:
        """Let time pass, ticking when the core asked for it."""
        end = self.now + seconds
        for _ in range(10_000):
            if self.wake_at is None or self.wake_at > end:
                break
            self.now, self.wake_at = max(self.now, self.wake_at), None
            self.tell(Tick())
        else:
            raise AssertionError("the core spins")
        self.now = end

    def only(self, kind: type[C]) -> C:
        """Take the one outstanding command of a kind."""
        found = [command for command in self.commands if isinstance(command, kind)]
        assert len(found) == 1, self.commands
        self.commands.remove(found[0])
        return found[0]

    def post(self) -> ReconcileRequest:
        """Take the request that the core wants to send now."""
        return self.only(Post).request

    def is_silent(self) -> bool:
        """Nothing is to be sent or done."""
        return not self.commands

    def answer(
        self,
        request: ReconcileRequest,
        *orders: ApplyOrder | TerminateOrder,
        outcome: ReceiptOutcome = "stored",
        intent: int = 7,
        more: bool = False,
        cursor: str | None = None,
        next_poll_ms: int = 10_000,
        era: int | None = None,
        wake: WakeChannel | None = None,
    ) -> None:
        """Answer it: all reports have the same outcome. Without ``era``: as a former one does."""
        receipts = tuple(
            Receipt(
                workspace_id=r.workspace_id, resource_version=r.resource_version, outcome=outcome
            )
            for r in request.reports
        )
        self.tell(
            Answered(
                ReconcileResponse(
                    receipts=receipts,
                    orders=orders,
                    more=more,
                    cursor=cursor,
                    intent=intent,
                    next_poll_ms=next_poll_ms,
                    era=era,
                    wake=wake,
                )
            )
        )

    def last_post(self) -> ReconcileRequest:
        """The request that is outstanding, once it is; time passes until then."""
        for _ in range(100):
            if any(isinstance(command, Post) for command in self.commands):
                return self.post()
            if any(isinstance(command, Ask) for command in self.commands):
                self.only(Ask)
                self.tell(Prepared(PrerequisitesResponse()))
            self.pass_time(10)
        raise AssertionError("it says nothing")

    def fail_all_for(self, seconds: float, status: int = 0) -> int:
        """Let every request fail for some time; how many there were."""
        return self._for(seconds, lambda _: self.fail(status))

    def answer_all_for(self, seconds: float) -> int:
        """Answer every reconcile for some time; how many there were. Stops at an ``Ask``."""
        return self._for(seconds, self.answer, stop_at_ask=True)

    def _for(
        self,
        seconds: float,
        act: Callable[[ReconcileRequest], None],
        *,
        stop_at_ask: bool = False,
    ) -> int:
        end, requests = self.now + seconds, 0
        while True:
            for command in [c for c in self.commands if isinstance(c, Ask | Post)]:
                if isinstance(command, Ask) and stop_at_ask:
                    return requests
                self.commands.remove(command)
                requests += 1
                if isinstance(command, Ask):
                    self.fail()
                else:
                    act(command.request)
            if self.wake_at is None or self.wake_at > end:
                break
            self.now, self.wake_at = max(self.now, self.wake_at), None
            self.tell(Tick())
        self.now = end
        return requests

    def fail(self, status: int = 0, retry_after: float | None = None) -> None:
        """No answer, or an error."""
        self.tell(Unanswered(status, retry_after))

    def look(self, left: int | None) -> list[Look]:
        """Let all looks find so much."""
        looks = [c for c in self.commands if isinstance(c, Look)]
        for look in looks:
            self.commands.remove(look)
            self.tell(Looked(look, left))
        return looks

    def work(self, outcome: Outcome | Callable[[Work], Outcome] = DONE) -> list[Work]:
        """Let all tasks end like this."""
        works = [c for c in self.commands if isinstance(c, Work)]
        for work in works:
            self.commands.remove(work)
            self.tell(Worked(work.workspace_id, outcome(work) if callable(outcome) else outcome))
        return works
