"""Token buckets in this process's memory: they cost no read and no write.

Lambda runs several processes, each with its own buckets, and starts new ones: what is allowed in all
is that many times as much. So this is no quota. It ends the loop of a program that went wild, before
its calls reach the store.
"""

import threading
from collections import OrderedDict

from chalicelib.ports.clock import Clock

RATE = 20.0
"""Calls a second, for ever. An agent waits for each answer, and asks once a second when busy."""
BURST = 200.0
"""Calls at once: a full transfer and its answer are many pages without a pause."""
MOST_CALLERS = 10_000
"""Whoever called longest ago is forgotten first, with a full bucket."""


class TokenBuckets:
    """A bucket for each caller, full at first."""

    def __init__(self, clock: Clock, *, most: int = MOST_CALLERS) -> None:
        self._clock = clock
        self._most = most
        self._lock = threading.Lock()
        self._buckets: OrderedDict[bytes, tuple[float, float]] = OrderedDict()
        """Calls that are left, and when that was so, by caller."""

    def wait(self, caller: bytes) -> float:
        """See the port."""
        now = self._clock.monotonic()
        with self._lock:
            left, at = self._buckets.pop(caller, (BURST, now))
            left = min(BURST, left + max(0.0, now - at) * RATE)
            is_taken = left >= 1.0
            self._buckets[caller] = (left - 1.0 if is_taken else left, now)
            if len(self._buckets) > self._most:
                self._buckets.popitem(last=False)
        return 0.0 if is_taken else (1.0 - left) / RATE
