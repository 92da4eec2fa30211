"""Listening for wake-ups: where, when, and whether it works. A wake-up itself says only "ask"."""

from __future__ import annotations

from dataclasses import dataclass, field

from berth_agent.commands import Listen
from berth_agent.events import Moment
from berth_agent.pacing import POLL_WITHOUT
from berth_kube.backoff import Backoff
from chalicelib.wire.reconcile import WakeChannel

KINDS = frozenset({"held", "queue"})
BETWEEN = 1.0
"""Seconds from one question to the next at least, if nothing came: a channel that does not hold them
must not make us spin."""
AFTER_NEWS = 0.25
"""The same after a wake-up: a flood of them is a few questions a second, and as few polls."""
RENEW = 0.8
"""Of a channel's time: then another is asked for, while this one still works."""


@dataclass(slots=True)
class Listening:
    """One question at a time. ``works`` once one was answered and none failed since."""

    works: bool = False
    _channel: WakeChannel | None = None
    _good_until: float = float("inf")
    _busy: bool = False
    _began: float = 0.0
    _due: float = 0.0
    _failed: bool = False
    _backoff: Backoff = field(default_factory=lambda: Backoff(first=1.0, cap=60.0, jitter=0.5))

    def offer(self, channel: WakeChannel | None, now: float) -> None:
        """Take in what an answer says about where to listen."""
        if channel is None or channel.kind not in KINDS:
            return
        self._channel = channel
        seconds = channel.seconds
        self._good_until = float("inf") if seconds is None else now + seconds * RENEW

    def says(self, now: float) -> bool | None:
        """What the control plane is told: wake-ups reach us; None: we are trying; False: we want a
        channel, for there is none or it ends soon."""
        if self._channel is None or now >= self._good_until:
            return False
        return True if self.works else None

    @property
    def is_deaf(self) -> bool:
        """Whether we listen and do not hear: the polls that were to be saved are needed again."""
        return self._failed

    def step(self, now: float) -> Listen | None:
        """The next question, if it is time for one."""
        if self._channel is None or self._busy or now < self._due:
            return None
        self._busy, self._began = True, now
        return Listen(self._channel)

    def heard(self, *, woken: bool) -> bool:
        """A question was answered; whether to ask the control plane now. Who was deaf may have missed
        a wake-up."""
        missed, self._failed = self._failed, False
        self._busy, self.works = False, True
        self._backoff.reset()
        self._due = self._began + (AFTER_NEWS if woken else BETWEEN)
        return woken or missed

    def deaf(self, moment: Moment, *, refused: bool) -> float:
        """A question failed; when to poll at the latest. Agents that go deaf together spread."""
        self._busy, self.works, self._failed = False, False, True
        self._due = moment.now + self._backoff.next(moment.chance)
        if refused:
            self._channel = None  # the next answer brings another
        return moment.now + POLL_WITHOUT * moment.chance

    def wake_at(self) -> float | None:
        """When ``step`` has something to do again."""
        return None if self._channel is None or self._busy else self._due
