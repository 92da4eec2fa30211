"""The admissions in use on this proxy, and which of them still hold.

A file in the run folder keeps them over a restart of the controller: HAProxy lives on with the
connections that they opened, and those must be rechecked all the same.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from berth_proxy.sessions import LIFETIME_SECONDS

GRACE_SECONDS = 300
"""How long admissions are believed while the control plane does not answer; then all is cut."""


@dataclass(slots=True)
class Admissions:
    """``ended`` ones stay known, with their workspaces, until no session of theirs can be fresh any more.

    ``checked_at`` is when the control plane last said which hold.
    """

    file: Path
    _live: dict[str, tuple[str, int]] = field(default_factory=dict)
    _ended: dict[str, tuple[str, float]] = field(default_factory=dict)
    checked_at: float = 0.0

    @classmethod
    def load(cls, file: Path, now: float) -> "Admissions":
        """Return what the file kept; nothing where there is none, or where it is no such file.

        The grace is kept, too: it is no longer for a program that is started again and again.
        """
        try:
            kept = json.loads(file.read_text())
            live = {name: (str(ws), int(until)) for name, (ws, until) in kept["live"].items()}
            ended = {name: (str(ws), float(when)) for name, (ws, when) in kept["ended"].items()}
            return cls(file, live, ended, float(kept["checked_at"]))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return cls(file, checked_at=now)

    def add(self, admission_id: str, workspace_id: str, until: int) -> None:
        """Remember an admission that a session was minted for."""
        if self._live.get(admission_id) != (workspace_id, until):
            self._live[admission_id] = (workspace_id, until)
            self._save()

    def holds(self, admission_id: str, now: float) -> bool:
        """Whether a session of this admission may be renewed."""
        is_open = admission_id in self._live and admission_id not in self._ended
        return is_open and self.are_current(now)

    def are_current(self, now: float) -> bool:
        """Whether the control plane's last word still counts. A clock set back does not prolong it."""
        self.checked_at = min(self.checked_at, now)
        return now - self.checked_at < GRACE_SECONDS

    def checked(self, now: float) -> None:
        """Remember that the control plane has just said which hold."""
        self.checked_at = now
        self._save()

    def live(self) -> tuple[str, ...]:
        """Return the ids to ask about."""
        return tuple(self._live)

    def workspaces(self) -> frozenset[str]:
        """Return the workspaces that somebody may be connected to."""
        return frozenset(workspace for workspace, _ in self._live.values())

    def end(self, admission_ids: Iterable[str], now: float) -> dict[str, str]:
        """Mark admissions as ended and return their workspaces by id."""
        ended = {name: self._live.pop(name)[0] for name in admission_ids if name in self._live}
        self._ended |= {name: (workspace, now) for name, workspace in ended.items()}
        if ended:
            self._save()
        return ended

    def expired(self, now: float) -> tuple[str, ...]:
        """Return the live ones whose time is over."""
        return tuple(name for name, (_, until) in self._live.items() if until <= now)

    def forgotten(self, now: float) -> tuple[str, ...]:
        """Drop and return ended ones of which no fresh session can be left."""
        gone = tuple(
            name for name, (_, when) in self._ended.items() if now - when > 2 * LIFETIME_SECONDS
        )
        for name in gone:
            del self._ended[name]
        if gone:
            self._save()
        return gone

    def ended(self) -> dict[str, str]:
        """Return the ids that HAProxy must refuse, with their workspaces."""
        return {name: workspace for name, (workspace, _) in self._ended.items()}

    def _save(self) -> None:
        draft = self.file.with_suffix(".new")
        kept = {"live": self._live, "ended": self._ended, "checked_at": self.checked_at}
        draft.write_text(json.dumps(kept))
        draft.replace(self.file)
