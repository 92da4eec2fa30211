"""Holds a trouble back until it has lasted: what heals within seconds is not worth telling."""

from __future__ import annotations

from collections.abc import Iterable

from chalicelib.wire.reconcile import Trouble

HOLD = 3.0
"""Seconds that a trouble must last before it is reported."""

_Identity = tuple[str, str]


class Steadiness:
    """Since when each trouble of each workspace lasts."""

    def __init__(self, hold: float = HOLD) -> None:
        self._hold = hold
        self._since: dict[str, dict[_Identity, float]] = {}

    def lasting(
        self, workspace_id: str, troubles: Iterable[Trouble], now: float
    ) -> tuple[tuple[Trouble, ...], float | None]:
        """Those that lasted long enough, and when the next one will have (None: none waits)."""
        known = self._since.get(workspace_id, {})
        found = [(_identity(trouble), trouble) for trouble in troubles]
        since = {identity: known.get(identity, now) for identity, _ in found}
        if since:
            self._since[workspace_id] = since
        else:
            self._since.pop(workspace_id, None)
        waits = [at + self._hold for at in since.values() if now < at + self._hold]
        shown = tuple(t for identity, t in found if now >= since[identity] + self._hold)
        return shown, min(waits, default=None)


def _identity(trouble: Trouble) -> _Identity:
    """A container's reasons alternate (pull and back-off, crash and restart) and are one trouble."""
    if trouble.source in ("container", "init"):
        return trouble.source, trouble.name
    return trouble.source, trouble.reason
