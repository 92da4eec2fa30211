"""What goes wrong, how often, and how often it did. Each kind draws from a stream of its own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from enum import StrEnum

from simulation.dice import Dice


class Fault(StrEnum):
    """The kinds of faults, by what they befall."""

    STORE_BUSY = "store throttles"
    STORE_SLOW = "store is slow"
    KEYS_BUSY = "key service throttles"
    DIES_BEFORE = "handler dies before a write"
    DIES_AFTER = "handler dies after a write"
    DIES_AT_ONCE = "handler dies at a read"
    REQUEST_LOST = "request is lost"
    RESPONSE_LOST = "response is lost"
    DOUBLED = "request is doubled"
    DELAYED = "message is late"
    CUT_SHORT = "response is cut short"
    TOO_LARGE = "gateway answers 413"
    TOO_MANY = "gateway answers 429"
    BAD_GATEWAY = "gateway answers 502"
    TAMPERED = "order is tampered with"
    GATEWAY_TIMEOUT = "gateway answers 504 while the handler goes on"
    CLUSTER_LOST_REQUEST = "request to the API server is lost"
    CLUSTER_LOST_RESPONSE = "response of the API server is lost"
    CLUSTER_BUSY = "API server answers 429"
    CLUSTER_ERROR = "API server answers 500"
    CLUSTER_SLOW = "API server is slow"
    CLUSTER_REFUSES = "admission refuses an object"
    STALE_LIST = "list from an old state"
    RIGHTS_LATE = "rights come late"
    WATCH_CUT = "watch is cut"
    WATCH_LATE = "watch lags"
    COMPACTED = "history is compacted"
    ADMIN_EDIT = "somebody changes an object by hand"
    AGENT_DIES = "agent dies"
    AGENT_LEAVES = "agent is asked to end"
    AGENT_FREEZES = "agent freezes"
    CLOCK_JUMPS = "wall clock jumps"
    WAKE_UP_LOST = "wake-up is lost"
    WAKE_UP_LATE = "wake-up is late"
    WAKE_UP_DOUBLED = "wake-up is doubled"
    CHANNEL_BREAKS = "wake-up channel breaks"


class Faults:
    """``happens`` draws; ``stop`` ends all of it."""

    def __init__(
        self, dice: Dice, rates: Mapping[Fault, float], only: Collection[int] | None = None
    ) -> None:
        self.rates = dict(rates)
        self.counts: Counter[Fault] = Counter()
        self.number = 0
        """How many happened, those among them that ``only`` held back."""
        self.told: Callable[[str], None] = lambda _: None
        """Told of each that happens, by its number."""
        self._streams = {fault: dice.stream(f"fault/{fault.name}") for fault in Fault}
        self._only = only
        self._on = True

    def happens(self, fault: Fault) -> bool:
        """Whether it happens here and now."""
        rate = self.rates.get(fault, 0.0)
        if not self._on or rate == 0.0 or self._streams[fault].random() >= rate:
            return False
        number, self.number = self.number, self.number + 1
        if self._only is not None and number not in self._only:
            return False
        self.counts[fault] += 1
        self.told(f"fault {number}: {fault}")
        return True

    def amount(self, fault: Fault, low: float, high: float) -> float:
        """How much of it, from ``low`` to ``high``."""
        return self._streams[fault].uniform(low, high)

    def stop(self) -> None:
        """Let the world be well from now on."""
        self._on = False

    @property
    def on(self) -> bool:
        """Whether faults still happen."""
        return self._on
