"""One thread, many tasks, one virtual clock: who goes on next is drawn from the seed.

A task is a greenlet, so that code which knows nothing of the simulation can be interrupted wherever
it calls one of the models. Between two such calls nobody else runs.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from hashlib import blake2b

from greenlet import greenlet


class Killed(BaseException):
    """The process died here: no handler of the code under test may catch it."""


class Moment(Enum):
    """Where a process may be struck: ``LINE`` is a line of a watch, before it is told."""

    BEFORE = "before"
    AFTER = "after"
    LINE = "line of"


class Exhausted(Exception):
    """The simulation took more steps than it may."""


@dataclass(eq=False, slots=True)
class Process:
    """What dies together. ``frozen_until``: it does not run before, and does not know it."""

    name: str
    tasks: list[Task] = field(default_factory=list)
    frozen_until: float = 0.0
    alive: bool = True


@dataclass(eq=False, slots=True)
class Task:
    """One thread of a process. ``ticket`` tells the latest reason to wake it from older ones."""

    name: str
    process: Process
    ticket: int = 0
    doomed: bool = False
    run: greenlet = field(init=False)

    def __str__(self) -> str:
        return self.name


_SHORTEST = 1e-6
"""Seconds that any wait takes: less may be lost in rounding, and time would stand still."""
_MOST_AT_ONCE = 20_000
"""Of what happens at one moment: more means that somebody waits for no time at all, again and again."""


class Scheduler:
    """``go`` runs everything that is started until a time or a condition is reached."""

    def __init__(self, chance: random.Random, *, most_steps: int = 200_000) -> None:
        self.now = 0.0
        self.steps = 0
        self.broken: list[tuple[str, BaseException]] = []
        """Tasks that ended with an exception of their own, which no code of ours may."""
        self.watcher: Callable[[Moment, str], bool] = lambda *_: False
        """Told of each moment of a call to a model; it may kill, or return that a line is lost."""
        self._chance = chance
        self._most_steps = most_steps
        self._hub = greenlet.getcurrent()
        self._current: Task | None = None
        self._due: list[tuple[float, float, int, Task | Callable[[], None], int]] = []
        self._count = 0
        self._trace = blake2b(digest_size=16)
        self._tasks: dict[Task, None] = {}
        self._standing = 0

    @property
    def trace(self) -> str:
        """Digest of all that happened so far, in its order: equal for equal runs."""
        return self._trace.hexdigest()

    @property
    def current(self) -> Task:
        """The task that runs."""
        assert self._current is not None, "no task runs"
        return self._current

    @property
    def in_task(self) -> bool:
        """Whether a task runs, and not the preparation of the world."""
        return self._current is not None

    def start(self, name: str, process: Process, act: Callable[[], object]) -> Task:
        """Start a task; it begins when the caller pauses."""
        task = Task(name, process)
        task.run = greenlet(lambda: self._live(task, act), self._hub)
        process.tasks.append(task)
        self._tasks[task] = None
        self._put(self.now, task)
        return task

    def after(self, seconds: float, act: Callable[[], None]) -> None:
        """Do something later that does not wait."""
        self._count += 1
        tie = self._chance.random()
        heapq.heappush(self._due, (self.now + max(seconds, 0.0), tie, self._count, act, 0))

    def note(self, what: str) -> None:
        """Let the trace know what happens."""
        self._trace.update(f"{self.now:.6f} {what}\n".encode())

    def step(self, what: str, seconds: float = 0.0) -> None:
        """A call of the running task to a model: others may come first."""
        self.steps += 1
        if self.steps > self._most_steps:
            raise Exhausted(f"more than {self._most_steps} steps, at {what}")
        self.note(f"{self.current.name} {what}")
        self.sleep(seconds)
        self.watcher(Moment.BEFORE, what)

    def passed(self, what: str) -> None:
        """The call of the running task had its effect, and its caller does not know yet."""
        if self.in_task:
            self.watcher(Moment.AFTER, what)

    def sleep(self, seconds: float) -> None:
        """Let the running task go on after so many seconds."""
        self._put(self.now + max(seconds, 0.0), self.current)
        self._yield()

    def park(self) -> None:
        """Let the running task wait until ``wake``."""
        self.current.ticket += 1
        self._yield()

    def park_for(self, seconds: float) -> None:
        """Let the running task wait until ``wake``, at most so many seconds; never for no time."""
        self.sleep(max(seconds, _SHORTEST))

    def wake(self, task: Task) -> None:
        """Let a waiting task go on."""
        self._put(self.now, task)

    def kill(self, process: Process) -> None:
        """End a process: none of its tasks takes another step."""
        process.alive = False
        doomed, process.tasks = process.tasks, []
        suicide = False
        for task in doomed:
            task.doomed = True
            if task is self._current:
                suicide = True
            elif not task.run.dead:
                self._put(self.now, task)
        if suicide:
            raise Killed

    def go(self, until: float, is_over: Callable[[], bool] = lambda: False) -> None:
        """Run until that time, or until the condition holds."""
        while self._due and self._due[0][0] <= until and not is_over():
            when, _, _, what, ticket = heapq.heappop(self._due)
            if when <= self.now:
                self._standing += 1
                if self._standing > _MOST_AT_ONCE:
                    raise Exhausted(f"time stands still at {self.now:.3f}, at {what}")
            else:
                self.now, self._standing = when, 0
            if isinstance(what, Task):
                self._resume(what, ticket)
            else:
                what()
        if not is_over():
            self.now = max(self.now, until)

    def end(self) -> None:
        """Break off everything, so that nothing of this world is left."""
        self._most_steps = self.steps + self._most_steps
        for task in list(self._tasks):
            task.doomed = True
            while not task.run.dead:
                self._switch(task)
        self._due.clear()

    def _live(self, task: Task, act: Callable[[], object]) -> None:
        try:
            if not task.doomed:
                act()
        except Killed:
            pass
        except Exception as error:  # noqa: BLE001 - kept for the verdict
            self.broken.append((task.name, error))
        finally:
            self._tasks.pop(task, None)
            if task in task.process.tasks:
                task.process.tasks.remove(task)

    def _put(self, when: float, task: Task) -> None:
        task.ticket += 1
        self._count += 1
        tie = self._chance.random()
        heapq.heappush(self._due, (when, tie, self._count, task, task.ticket))

    def _resume(self, task: Task, ticket: int) -> None:
        if ticket != task.ticket or task.run.dead:
            return
        if task.process.frozen_until > self.now and not task.doomed:
            self._put(task.process.frozen_until, task)
            return
        self._switch(task)

    def _switch(self, task: Task) -> None:
        before, self._current = self._current, task
        try:
            task.run.switch()
        finally:
            self._current = before

    def _yield(self) -> None:
        task = self.current
        self._hub.switch()
        if task.doomed:
            raise Killed
