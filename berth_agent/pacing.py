"""When to speak to the control plane next, and how much to say at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from berth_agent.events import Moment
from berth_kube.backoff import Backoff

PAGE = 500
"""Reports in a request at most."""
PAGE_GROWTH = 10

COALESCE = 0.15
"""Seconds to gather changes before they are told: one change of a Deployment is never alone."""
SPACING = 0.5
"""Seconds between an answer and the next message that only a change asks for."""

POLL_WITHOUT = 10.0
"""Seconds until an agent that does not hear wake-ups any more polls, at the latest."""

TOO_MUCH = frozenset({400, 413, 422, 500, 502, 504})
"""Statuses after which less is said at once: too large, too slow, or something in it is bad."""
REFUSED = frozenset({401, 403, 409})
"""We are not who we say, or another holder of the Lease is newer: only a person or time helps."""


@dataclass(slots=True)
class Pacing:
    """Polls as the control plane asks, waits longer with each failure."""

    largest: int = PAGE
    """Reports in a request at most."""
    page: int = PAGE
    poll_due: float = 0.0
    """When to ask even with nothing to say."""
    not_before: float = 0.0
    """Until then a failure is waited out."""
    _polled_at: float = 0.0
    _trouble: Backoff = field(default_factory=lambda: Backoff(first=1.0, cap=60.0, jitter=0.5))
    _refusal: Backoff = field(default_factory=lambda: Backoff(first=15.0, cap=300.0, jitter=0.5))

    def answered(self, moment: Moment, next_poll_ms: int) -> None:
        """All is well; poll again as asked, up to a tenth sooner so that agents spread."""
        self._trouble.reset()
        self._refusal.reset()
        wait = max(next_poll_ms, 100) / 1000
        self._polled_at = moment.now
        self.poll_due = moment.now + wait * (1.0 - 0.1 * moment.chance)
        self.page = min(self.largest, self.page + PAGE_GROWTH)

    def unanswered(self, moment: Moment, status: int, retry_after: float | None) -> None:
        """Wait, and say less where that may help."""
        backoff = self._refusal if status in REFUSED else self._trouble
        delay = max(backoff.next(moment.chance), retry_after or 0.0)
        self.not_before = moment.now + delay
        if status in TOO_MUCH:
            self.page = max(1, self.page // 2)

    def hasten(self, when: float) -> None:
        """Poll then at the latest."""
        self.poll_due = min(self.poll_due, when)

    def change_due(self, changed_at: float) -> float:
        """When a change of that time may be told."""
        return max(changed_at + COALESCE, self._polled_at + SPACING)
