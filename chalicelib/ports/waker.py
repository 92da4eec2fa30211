"""Telling an agent at once that there is something to ask for.

A hint, and no more: it carries nothing, and it may be lost, late or doubled. Whoever misses it hears
of everything by its next poll.
"""

from typing import Protocol

from chalicelib.wire.reconcile import WakeChannel


class WakerFailed(Exception):
    """The wake-up, or the channel for it, did not come about."""


class Waker(Protocol):
    """Wakes agents. No call but ``hold`` takes longer than a second."""

    def wake(self, agent_id: str) -> None:
        """Let the agent ask now, if it listens. Raises WakerFailed."""
        ...

    def channel(self, agent_id: str) -> WakeChannel | None:
        """Return where the agent listens; None: there is nowhere. Raises WakerFailed."""
        ...

    def hold(self, agent_id: str, seconds: float) -> bool | None:
        """Wait so long for a wake-up and return whether one came, since the last call too; None:
        agents do not listen here. Of two who wait for one agent the first is let go."""
        ...

    def forget(self, agent_id: str) -> None:
        """Keep nothing of an agent that is no more. Raises WakerFailed."""
        ...


class Silent:
    """Wakes nobody: agents poll."""

    def wake(self, agent_id: str) -> None:
        """See the port."""

    def channel(self, agent_id: str) -> WakeChannel | None:
        """See the port."""

    def hold(self, agent_id: str, seconds: float) -> bool | None:
        """See the port."""

    def forget(self, agent_id: str) -> None:
        """See the port."""
