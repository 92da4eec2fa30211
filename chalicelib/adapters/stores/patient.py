"""A store whose writes wait for their turn: the one place where a refused write is tried again.

DynamoDB refuses a write of an item that another transaction is writing at that moment, and keeps no
queue. Items that many write at once (an agent's row, the counters of the quotas) make that common.
"""

from collections.abc import Callable, Iterable

from chalicelib.adapters.stores.layer import Layer
from chalicelib.ports.clock import Chance, Clock
from chalicelib.ports.store import Store, StoreBusy, StoreUnanswered, Write

FIRST_PAUSE = 0.02
"""Seconds. At most so long at first: about what a transaction takes."""
LONGEST_PAUSE = 0.4
"""Short, for whoever waits much longer than the others is overtaken by all who come."""
RESERVE = 2.0
"""Seconds that are left to the call for its answer."""

_STEPS = 1 << 32


class PatientStore(Layer):
    """The store of one call, which ends at ``until`` on the monotonic clock.

    A write that was refused is repeated after a random pause, each time out of twice the range. One
    that got no answer is not: it may have been carried out, and only its caller can tell. Reads
    are never in conflict.
    """

    def __init__(self, store: Store, clock: Clock, chance: Chance, until: float) -> None:
        super().__init__(store)
        self._clock = clock
        self._chance = chance
        self._until = until

    def write(self, write: Write) -> None:
        """See the port."""
        self._in_turn(lambda: self._store.write(write))

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        self._in_turn(lambda: self._store.transact(chosen))

    def _in_turn(self, carry_out: Callable[[], None]) -> None:
        longest = FIRST_PAUSE
        while True:
            try:
                return carry_out()
            except StoreUnanswered:
                raise
            except StoreBusy:
                pause = longest * self._fraction()
                if self._clock.monotonic() + pause > self._until - RESERVE:
                    raise
            self._clock.pause(pause)
            longest = min(2 * longest, LONGEST_PAUSE)

    def _fraction(self) -> float:
        return int.from_bytes(self._chance.token(4), "big") / _STEPS
