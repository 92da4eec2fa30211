"""Rules on agents that take nothing new, and on workspaces that go from one agent to another."""

from __future__ import annotations

from chalicelib.adapters.stores.limits import key_of
from chalicelib.domain.workspaces.states import EFFECTS, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import Update, Write
from chalicelib.records import keys
from simulation.history import History
from simulation.sight import Sight

_RESTART = DesiredState.RESTART_REQUESTED


class Cordons:
    """Which agents take nothing new, and which are drained, as far as is stored."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._cordoned: set[str] = set()
        self._draining: set[str] = set()

    def note(self, write: Write) -> None:
        """Look at a write for what it says of an agent."""
        name = key_of(write).sort
        if not isinstance(write, Update) or not name.startswith(keys.AGENTS):
            return
        agent_id = name.removeprefix(keys.AGENTS)
        for attribute, agents in (("cordoned", self._cordoned), ("draining", self._draining)):
            if attribute in write.set:
                (agents.add if write.set[attribute] else agents.discard)(agent_id)
        if write.set.get("draining"):
            self._history.sometimes("agent drained")

    def look_at_new(self, state: WorkspaceState, agent_id: str) -> None:
        """Check where a new workspace is."""
        if agent_id in self._cordoned:
            words = f"{state.workspace_id} was made on {agent_id}, which is cordoned"
            self._history.broken("INV-27", words)

    def look_at_wish(self, before: WorkspaceState, after: WorkspaceState, agent_id: str) -> None:
        """Check that nothing is started where all is to stop. A restart that was accepted before
        may become a start: that is stopped later."""
        effect = EFFECTS[after.desired]
        starts = bool(effect.replicas) or effect.then is not None
        if starts and before.desired is not _RESTART and agent_id in self._draining:
            words = f"{state_words(after)} on {agent_id}, which is drained"
            self._history.broken("INV-27", words)

    def may_stop(self, before: WorkspaceState, agent_id: str) -> bool:
        """Whether Berth may stop the workspace though it restarts."""
        return before.desired is _RESTART and agent_id in self._draining


class Moves:
    """Which workspaces left which agents, and when."""

    def __init__(self, history: History, sight: Sight) -> None:
        self._history = history
        self._sight = sight
        self._left: dict[tuple[str, str], float] = {}

    def look(
        self, before: WorkspaceState, after: WorkspaceState, *, left: str, is_honest: bool
    ) -> None:
        """Check a workspace that left an agent for another in one transaction."""
        self._left[after.workspace_id, left] = self._history.now()
        self._history.sometimes("workspace moved")
        counts = (after.version - before.version, after.generation - before.generation)
        self._expect(counts == (1, 1), after, f"its counts rose by {counts}")
        self._expect(before.desired is DesiredState.MOVE_REQUESTED, after, "nobody asked for it")
        self._expect(after.stay == after.generation, after, "an earlier order counts there")
        if is_honest:
            buried = self._sight.was_buried(after.workspace_id, before.generation)
            self._expect(buried, after, f"{left} left no tombstone")
            remains = self._sight.is_at(after.workspace_id, left)
            self._expect(not remains, after, f"{left} still has something of it")

    def left_since(self, workspace_id: str, agent_id: str) -> float | None:
        """When the workspace left the agent last; None: it never did."""
        return self._left.get((workspace_id, agent_id))

    def _expect(self, holds: bool, state: WorkspaceState, words: str) -> None:  # noqa: FBT001 - an assertion
        if not holds:
            self._history.broken("INV-28", f"{state_words(state)} moved: {words}")


def state_words(state: WorkspaceState) -> str:
    """Return a state in short."""
    return (
        f"{state.workspace_id} wants {state.desired} (generation {state.generation}), is"
        f" {state.actual} (acknowledged {state.acknowledged}, live {state.live_generation})"
    )
