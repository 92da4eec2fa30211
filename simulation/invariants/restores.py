"""Rules on a store that was set back to a backup: what the clusters know better is caught up with."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.domain.workspaces.transitions import LEAP
from chalicelib.domain.workspaces.workspace import WorkspaceState
from simulation.history import History
from simulation.invariants.moves import state_words
from simulation.sight import Sight


@dataclass(frozen=True, slots=True)
class Known:
    """What is stored, as far as the rules follow it: by workspace its state, agent and organisation."""

    live: Mapping[str, WorkspaceState]
    placed: Mapping[str, str]
    organisations: Mapping[str, str]
    pending: frozenset[str]

    def differs_in_end(self, lost: Known) -> set[str]:
        """Return the workspaces that were not to end, and were in what is lost."""
        return {
            name
            for name, state in self.live.items()
            if state.desired is not DesiredState.TERMINATED
            and (name not in lost.live or lost.live[name].desired is DesiredState.TERMINATED)
        }

    def made_in(self, lost: Known, agent_id: str) -> list[str]:
        """Return the workspaces of an agent that were made in what is lost: nobody knows of them."""
        return [
            name for name in lost.live if name not in self.live and lost.placed[name] == agent_id
        ]


class Restores:
    """Which workspaces came from a backup and were not reported since."""

    def __init__(self, history: History, sight: Sight) -> None:
        self._history = history
        self._sight = sight
        self._unheard: set[str] = set()

    def begin(self, workspaces: Iterable[str]) -> None:
        """The store was set back to where it has these."""
        self._unheard = set(workspaces)

    def step(self, before: WorkspaceState, after: WorkspaceState) -> int:
        """Return by how much a wish raises the generation: the first after a restore leaps."""
        is_first = after.workspace_id in self._unheard and after.epoch != before.epoch
        return LEAP if before.leaps or is_first else 1

    def is_caught_up(
        self, before: WorkspaceState, after: WorkspaceState, audits: int, *, is_honest: bool
    ) -> bool:
        """Whether an agent's write was the first since, and of what the backup does not know: an end,
        or later generations. Those are passed, and an end has its tombstone."""
        if after.workspace_id not in self._unheard or after.epoch == before.epoch:
            return False
        self._unheard.discard(after.workspace_id)
        if before.desired is not after.desired is DesiredState.TERMINATED:
            name, leapt = after.workspace_id, after.generation == before.generation + LEAP
            buried = self._sight.was_buried(name, after.generation) or (
                leapt and self._sight.was_buried_by(name, before.generation)
            )
            words = "an end since the backup without its tombstone"
            self._expect(buried or not is_honest, "INV-24", after, words)
            self._history.sometimes("end caught up after a restore")
        elif after.desired is before.desired and after.generation > before.generation:
            passed = after.generation > self._sight.applied(after.workspace_id)
            self._expect(passed, "INV-11", after, "does not pass what was applied since the backup")
            self._history.sometimes("generations passed after a restore")
        else:
            return False
        self._expect(audits == 1, "INV-19", after, f"{audits} records of what was caught up")
        return True

    def _expect(self, holds: bool, rule: str, state: WorkspaceState, words: str) -> None:  # noqa: FBT001 - an assertion
        if not holds:
            self._history.broken(rule, f"{state_words(state)}: {words}")
