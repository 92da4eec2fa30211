"""A store that wakes agents: the one place where an accepted write becomes a wake-up."""

from collections.abc import Iterable

from chalicelib.adapters.stores.layer import Layer
from chalicelib.log import class_of, log
from chalicelib.ports.store import Store, StoreUnanswered, Write
from chalicelib.ports.waker import Waker
from chalicelib.records.agents import addressed


class WakingStore(Layer):
    """The store of one call. ``wake`` ends the call: each agent that something was written for is
    woken once, and nothing comes of it where that fails.

    A write that got no answer counts: it may have been carried out.
    """

    def __init__(self, store: Store, waker: Waker) -> None:
        super().__init__(store)
        self._waker = waker
        self._addressed: dict[str, None] = {}

    def write(self, write: Write) -> None:
        """See the port."""
        try:
            self._store.write(write)
        except StoreUnanswered:
            self._note([write])
            raise
        self._note([write])

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        chosen = list(writes)
        try:
            self._store.transact(chosen)
        except StoreUnanswered:
            self._note(chosen)
            raise
        self._note(chosen)

    def wake(self) -> None:
        """Wake the agents. Never raises; after the first failure the others are left to their polls,
        so that a queue that hangs costs a call one second and no more."""
        for agent_id in self._addressed:
            try:
                self._waker.wake(agent_id)
            except Exception as error:  # noqa: BLE001 - a hint must not fail what was accepted
                log("not-woken", agent_id=agent_id, error=class_of(error))
                return

    def _note(self, writes: Iterable[Write]) -> None:
        self._addressed |= dict.fromkeys(addressed(writes))
