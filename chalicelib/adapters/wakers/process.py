"""Wake-ups within one process: an agent's question is held by a thread until there is news."""

import threading

from chalicelib.wire.reconcile import WakeChannel

PATH = "/agent/v1/wake"


class ProcessWaker:
    """For the one-process mode: a process that knows nothing of the others' wake-ups."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._woken: set[str] = set()
        self._waiting: dict[str, object] = {}

    def wake(self, agent_id: str) -> None:
        """See the port."""
        with self._changed:
            self._woken.add(agent_id)
            self._changed.notify_all()

    def channel(self, agent_id: str) -> WakeChannel:
        """See the port."""
        del agent_id
        return WakeChannel(kind="held", url=PATH)

    def hold(self, agent_id: str, seconds: float) -> bool:
        """See the port."""
        me = object()

        def is_over() -> bool:
            return agent_id in self._woken or self._waiting.get(agent_id) is not me

        with self._changed:
            self._waiting[agent_id] = me
            self._changed.notify_all()
            self._changed.wait_for(is_over, timeout=seconds)
            if self._waiting.get(agent_id) is not me:
                return False  # a later connection listens: a wake-up is not for this one
            del self._waiting[agent_id]
            woken = agent_id in self._woken
            self._woken.discard(agent_id)
            return woken

    def forget(self, agent_id: str) -> None:
        """See the port."""
        with self._changed:
            self._woken.discard(agent_id)
            self._waiting.pop(agent_id, None)
            self._changed.notify_all()
