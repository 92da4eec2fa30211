"""Wake-ups: a queue for each agent, which loses, doubles and delays them, and channels that break.

As those of AWS: a question is held for 20 seconds, a channel ends after a while, and what nobody
fetched within a minute is gone.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from berth_agent.client import NoAnswer
from chalicelib.ports.waker import WakerFailed
from chalicelib.wire.reconcile import WakeChannel
from simulation.faults import Fault, Faults
from simulation.machine import VirtualSignal
from simulation.scheduler import Scheduler

HELD_SECONDS = 20.0
KEPT_SECONDS = 60.0
_ADDRESS = "https://queue.test/"


@dataclass(eq=False, slots=True)
class _Queue:
    arrived: VirtualSignal
    messages: list[float] = field(default_factory=list)
    """When they arrived."""


class SimulatedWaker:
    """The Waker port; ``listen`` is what an agent does at a channel."""

    def __init__(
        self,
        scheduler: Scheduler,
        faults: Faults,
        chance: random.Random,
        sometimes: Callable[[str], None],
    ) -> None:
        self._scheduler = scheduler
        self._faults = faults
        self._chance = chance
        self._sometimes = sometimes
        self._queues: dict[str, _Queue] = {}
        self.lifetimes: tuple[int, ...] = (60, 600, 3600)
        """Of channels, in seconds."""
        self.channels = 0
        """How many were asked for."""
        self.questions = 0
        """How often one was asked."""

    def wake(self, agent_id: str) -> None:
        """See the port."""
        self._scheduler.step(f"wakes {agent_id}")
        if self._faults.happens(Fault.WAKE_UP_LOST):
            if self._chance.random() < 0.5:
                raise WakerFailed("the queue did not answer")
            return
        for _ in range(2 if self._faults.happens(Fault.WAKE_UP_DOUBLED) else 1):
            late = self._faults.happens(Fault.WAKE_UP_LATE)
            extra = self._faults.amount(Fault.WAKE_UP_LATE, 0.5, 90.0) if late else 0.0
            delay = extra + self._chance.uniform(0.002, 0.05)
            self._scheduler.after(delay, lambda: self._deliver(agent_id))

    def channel(self, agent_id: str) -> WakeChannel:
        """See the port."""
        self._scheduler.step(f"signs a channel of {agent_id}")
        self.channels += 1
        seconds = self._chance.choice(self.lifetimes)
        good_until = self._scheduler.now + seconds
        return WakeChannel(
            kind="queue", url=f"{_ADDRESS}{agent_id}?{good_until:.3f}", seconds=seconds
        )

    def hold(self, agent_id: str, seconds: float) -> None:
        """See the port: agents listen at the queue."""

    def forget(self, agent_id: str) -> None:
        """See the port."""
        self._queues.pop(agent_id, None)

    def listen(self, channel: WakeChannel) -> bool:
        """Wait at a channel, and whether a wake-up came. Raises NoAnswer."""
        agent_id, _, good_until = channel.url.removeprefix(_ADDRESS).partition("?")
        self._scheduler.step(f"listens as {agent_id}", self._chance.uniform(0.002, 0.05))
        self.questions += 1
        if self._faults.happens(Fault.CHANNEL_BREAKS):
            self._scheduler.sleep(self._chance.choice((0.0, HELD_SECONDS, 30.0)))
            raise NoAnswer("the channel broke")
        if self._scheduler.now > float(good_until):
            raise NoAnswer("the signature ended", 403)
        queue = self._queue(agent_id)
        queue.arrived.clear()
        if not self._fresh(queue):
            queue.arrived.wait(HELD_SECONDS)
        woken = self._fresh(queue)
        queue.messages.clear()
        if woken:
            self._sometimes("agent woken")
        return woken

    def _deliver(self, agent_id: str) -> None:
        queue = self._queue(agent_id)
        queue.messages.append(self._scheduler.now)
        queue.arrived.set()

    def _fresh(self, queue: _Queue) -> bool:
        return any(self._scheduler.now - at < KEPT_SECONDS for at in queue.messages)

    def _queue(self, agent_id: str) -> _Queue:
        if agent_id not in self._queues:
            self._queues[agent_id] = _Queue(VirtualSignal(self._scheduler))
        return self._queues[agent_id]
