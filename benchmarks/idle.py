"""What an idle agent costs in a month, from the requests that it is counted to make in virtual time.

The real agent and the real handlers run in the simulator without a fault for two hours, the second of
which is counted: polls, calls of the store, questions to the wake-up channel, bytes of answers and logs.
``python -m benchmarks idle`` prints it for agents that are woken and for agents that only poll.
"""

from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import astuple, dataclass, replace
from io import StringIO
from operator import sub

from benchmarks.figures import Figure, Peer, Samples
from benchmarks.installation import Installation
from benchmarks.options import Options
from benchmarks.prices import HOURS_OF_A_MONTH, billed
from benchmarks.reconcile import Agent
from berth_local.aws.usage import Usage
from chalicelib.adapters.metrics import EmbeddedMetrics
from chalicelib.ports.bundle import Ports
from simulation.clocks import ProcessClock
from simulation.dice import Dice
from simulation.guard import guarded
from simulation.plays import ORDINARY
from simulation.world import World

HOUR = 3600.0


@dataclass(frozen=True, slots=True)
class Hour:
    """What one agent did in an hour."""

    polls: float
    reads: float
    writes: float
    questions: float
    """To the wake-up channel, with the making of channels."""
    answered: float
    """Bytes of answers to polls."""
    logged: float
    """Bytes of the control plane's own log lines."""

    def __sub__(self, earlier: "Hour") -> "Hour":
        return Hour(*map(sub, astuple(self), astuple(earlier)))

    def usage(self, handler_ms: float) -> Usage:
        """The same in what AWS bills."""
        calls = self.reads + self.writes
        return Usage(
            requests=self.polls,
            answered=self.answered,
            invocations=self.polls,
            handled=self.polls * handler_ms,
            calls=calls,
            reads=self.reads,
            writes=self.writes,
            queues=self.questions,
            logged=self.logged,
        )

    def dollars(self, handler_ms: float) -> dict[str, float]:
        """For a month, by what is paid for."""
        hourly = billed(self.usage(handler_ms))
        return {name: each * HOURS_OF_A_MONTH for name, each in hourly.items() if name != "KMS"}


class _Counted(World):
    """A world that counts what its one agent does, the sweep aside."""

    polls = answered = 0

    def count(self) -> "_Counted":
        """Begin to look at answers."""
        self.gateway.seen = lambda call, answer: self._add(call.subject, len(answer.body))
        return self

    def _add(self, subject: str, size: int) -> None:
        if subject:
            self.polls += 1
            self.answered += size

    def ports(self, clock: ProcessClock) -> Ports:
        """Write the lines that a deployed stage writes."""
        return replace(super().ports(clock), metrics=EmbeddedMetrics("dev", clock.now))

    def sweep(self) -> None:
        """Nothing: the sweep is the installation's, not an agent's."""


def measure(options: Options) -> Iterator[Figure]:
    """Yield what an hour is made of, and what a month costs."""
    handler = _handler_ms(options)
    woken, polling = counted(wakes=True), counted(wakes=False)
    names = ("polls", "reads of the store", "writes", "questions to the wake-up channel")
    for name, of_ours, of_theirs in zip(names, astuple(woken), astuple(polling), strict=False):
        yield _figure(f"{name} an hour", "", of_ours, of_theirs)
    yield Figure("handler of an idle poll", "ms", Samples.of([handler]))
    ours, theirs = woken.dollars(handler), polling.dollars(handler)
    for name, dollars in ours.items():
        yield _figure(f"{name} a month", "$", dollars, theirs[name])
    yield _figure("an idle agent a month", "$", sum(ours.values()), sum(theirs.values()))


def counted(*, wakes: bool) -> Hour:
    """What an idle agent does in an hour, the second after its start."""
    swarm = replace(ORDINARY, idle_poll=10.0, full_sync=3600.0, wakes=wakes)
    world, written = _Counted(swarm, Dice(0)).count(), StringIO()
    world.waker.lifetimes = (3600,)
    with guarded(), redirect_stdout(written):
        world.begin()
        world.scheduler.go(HOUR)
        before = _so_far(world, written)
        world.scheduler.go(2 * HOUR)
        after = _so_far(world, written)
        world.close()
    return after - before


def _so_far(world: _Counted, written: StringIO) -> Hour:
    store, waker = world.store, world.waker
    questions = waker.questions + waker.channels
    return Hour(
        world.polls, store.reads, store.writes, questions, world.answered, len(written.getvalue())
    )


def _handler_ms(options: Options) -> float:
    """Milliseconds of an idle poll in the handler, the store apart, on this machine."""
    with Installation("sqlite") as installation:
        agent = Agent(installation)
        agent.settle()
        agent.poll()
        costs = [installation.cost(agent.poll) for _ in range(100 * options.runs)]
    return Samples.of((cost.seconds - cost.store_seconds) * 1000 for cost in costs).median


def _figure(name: str, unit: str, ours: float, theirs: float) -> Figure:
    return Figure(name, unit, Samples.of([ours]), Peer("without wake-ups", Samples.of([theirs])))
