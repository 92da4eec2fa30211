"""Tasks by workspace: one at a time for each, the newest that matters, repeated until it is done."""

from __future__ import annotations

from collections.abc import Iterator

from berth_agent.events import Moment
from berth_agent.tasks import Apply, Collect, Failed, Outcome, Task, Terminate, Waiting
from berth_kube.workqueue import WorkQueue
from chalicelib.wire.reconcile import ApplyError, ApplyOrder, TerminateOrder

AGAIN_AFTER_FINAL = 300.0
"""Seconds until what cannot succeed is tried again: a person may have changed the rules."""
QUIET_FAILURES = 1
"""Failures in a row that may heal and are not worth telling."""


class Worklist:
    """``workers`` tasks at once."""

    def __init__(self, workers: int) -> None:
        self._workers = workers
        self._tasks: dict[str, Task] = {}
        self._queue: WorkQueue[str] = WorkQueue()
        self._running: dict[str, Task] = {}
        self._disobeyed: set[str] = set()
        """Workspaces whose present order we refused."""

    def order(self, order: ApplyOrder | TerminateOrder) -> None:
        """Take up an order. Older ones and repetitions of what is under way are dropped."""
        if isinstance(order, ApplyOrder):
            self._put(order.workspace_id, Apply(order))
        else:
            self._put(order.workspace_id, Terminate(order.generation))

    def resume(self, workspace_id: str, generation: int) -> None:
        """A tombstone stands and something is left: go on, whoever began."""
        self._put(workspace_id, Terminate(generation))

    def collect(self, workspace_id: str, generation: int) -> None:
        """The tombstone may go."""
        self._put(workspace_id, Collect(generation))

    def void(self) -> None:
        """Every order is void: what runs ends, and nothing of it is begun again."""
        for workspace_id in self._tasks:
            self._queue.forget(workspace_id)
        self._tasks.clear()
        self._disobeyed.clear()

    def is_ending(self) -> bool:
        """Whether a void task still runs."""
        return any(self._tasks.get(each) is not task for each, task in self._running.items())

    def nudge(self, workspace_id: str) -> None:
        """The cluster moved: a termination that waits may take its next step."""
        if isinstance(self._tasks.get(workspace_id), Terminate):
            self._queue.add(workspace_id)

    def take(self, now: float) -> Iterator[tuple[str, Task]]:
        """Tasks to begin now."""
        while len(self._running) < self._workers:
            workspace_id = self._queue.take(now)
            if workspace_id is None:
                return
            task = self._tasks.get(workspace_id)
            if task is None:
                self._queue.done(workspace_id)
                continue
            self._running[workspace_id] = task
            yield workspace_id, task

    def finish(self, workspace_id: str, outcome: Outcome, moment: Moment) -> ApplyError | None:
        """A task ended; the error that is worth telling now, None when there is none."""
        task = self._running.pop(workspace_id)
        self._queue.done(workspace_id)
        is_current = self._tasks.get(workspace_id) is task
        if isinstance(outcome, Failed):
            failures = self._queue.failures(workspace_id)
            if is_current:
                self._again(workspace_id, outcome.error, moment)
                if outcome.by_us:
                    self._disobeyed.add(workspace_id)
            # Of an order that is void, or that a newer one has replaced, nobody wants to know.
            worth_telling = is_current and (outcome.error.final or failures >= QUIET_FAILURES)
            return outcome.error if worth_telling else None
        if isinstance(outcome, Waiting):
            self._queue.retry(workspace_id, moment.now, moment.chance)
        elif is_current:
            del self._tasks[workspace_id]
            self._queue.forget(workspace_id)
        return None

    def next_at(self) -> float | None:
        """When a delayed task is due."""
        return self._queue.next_at()

    def _again(self, workspace_id: str, error: ApplyError, moment: Moment) -> None:
        if error.final:
            self._queue.add_at(workspace_id, moment.now + AGAIN_AFTER_FINAL)
        else:
            self._queue.retry(workspace_id, moment.now, moment.chance)

    def _put(self, workspace_id: str, task: Task) -> None:
        known = self._tasks.get(workspace_id)
        if known is None or _replaces(task, known) or self._corrects(workspace_id, task, known):
            self._tasks[workspace_id] = task
            self._disobeyed.discard(workspace_id)
            self._queue.forget(workspace_id)
            self._queue.add(workspace_id)

    def _corrects(self, workspace_id: str, new: Task, known: Task) -> bool:
        """Whether an order follows one that we refused, of whichever generation that claimed to be."""
        return workspace_id in self._disobeyed and isinstance(known, Apply) and new != known


def _replaces(new: Task, known: Task) -> bool:
    """An end is for ever; otherwise the higher generation wins, or a different order of it."""
    ranks = {Apply: 0, Terminate: 1, Collect: 2}
    if ranks[type(new)] != ranks[type(known)]:
        return ranks[type(new)] > ranks[type(known)]
    if isinstance(new, Apply) and isinstance(known, Apply) and new.generation == known.generation:
        return _content(new.order) != _content(known.order)
    return new.generation > known.generation


def _content(order: ApplyOrder) -> tuple[str, str, bool]:
    return order.spec_digest, order.secrets_digest, order.secrets is not None
