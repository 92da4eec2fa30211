"""A rate-limited work queue without a clock or a thread of its own: time is passed in.

As client-go's: a key that is added twice is worked on once; a key that is added while it is worked
on is worked on again afterwards, never twice at once; failures delay only their own key, and all
retries together are limited by a bucket.
"""

from __future__ import annotations

import heapq
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class RetryLimits:
    """Seconds, and retries a second over all keys."""

    first: float = 0.2
    cap: float = 300.0
    rate: float = 10.0
    burst: int = 100


class Bucket:
    """A token bucket: ``take`` says how long to wait for a token that is now ours."""

    def __init__(self, rate: float, burst: int) -> None:
        self._rate = rate
        self._burst = burst
        self._tokens = float(burst)
        self._at: float | None = None

    def take(self, now: float) -> float:
        """Take one token, on credit if need be; the seconds until it exists."""
        passed = 0.0 if self._at is None else max(0.0, now - self._at)
        self._at = now
        self._tokens = min(float(self._burst), self._tokens + passed * self._rate) - 1.0
        return max(0.0, -self._tokens / self._rate)


class WorkQueue(Generic[K]):
    """Keys that need work, in the order in which they were added."""

    def __init__(self, limits: RetryLimits | None = None) -> None:
        self._limits = limits or RetryLimits()
        self._bucket = Bucket(self._limits.rate, self._limits.burst)
        self._ready: dict[K, None] = {}
        self._processing: set[K] = set()
        self._again: set[K] = set()
        self._failures: dict[K, int] = {}
        self._due: dict[K, float] = {}
        self._heap: list[tuple[float, int, K]] = []
        self._count = 0

    def add(self, key: K) -> None:
        """Work on ``key`` as soon as possible, whatever delay it has."""
        self._due.pop(key, None)
        if key in self._processing:
            self._again.add(key)
        else:
            self._ready[key] = None

    def add_at(self, key: K, when: float) -> None:
        """Work on ``key`` at ``when``, or sooner when somebody adds it."""
        if key in self._ready or key in self._again:
            return
        if key in self._due and self._due[key] <= when:
            return
        self._due[key] = when
        self._count += 1
        heapq.heappush(self._heap, (when, self._count, key))

    def retry(self, key: K, now: float, chance: float) -> float:
        """Work on ``key`` again after a delay that doubles with each failure; when that will be."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        delay = min(self._limits.cap, self._limits.first * 2.0 ** min(failures, 32))
        when = now + max(delay * (1.0 + 0.5 * chance), self._bucket.take(now))
        self.add_at(key, when)
        return when

    def failures(self, key: K) -> int:
        """Failures in a row."""
        return self._failures.get(key, 0)

    def take(self, now: float) -> K | None:
        """The next key to work on, or None. ``done`` must follow."""
        while self._heap and self._heap[0][0] <= now:
            when, _, key = heapq.heappop(self._heap)
            if self._due.get(key) == when:
                self.add(key)
        for key in self._ready:
            del self._ready[key]
            self._processing.add(key)
            return key
        return None

    def done(self, key: K) -> None:
        """The work on ``key`` ended."""
        self._processing.discard(key)
        if key in self._again:
            self._again.discard(key)
            self._ready[key] = None

    def forget(self, key: K) -> None:
        """It succeeded, or is of no interest any more: no failures, no delay."""
        self._failures.pop(key, None)
        self._due.pop(key, None)
        self._ready.pop(key, None)

    def next_at(self) -> float | None:
        """When the next delayed key is due."""
        while self._heap and self._due.get(self._heap[0][2]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def __len__(self) -> int:
        return len(self._ready) + len(self._processing) + len(self._due)
