"""Rules on every state that is written: intent, generations, acknowledgement, order of reports."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.adapters.stores.limits import key_of
from chalicelib.domain.workspaces.states import ActualState, DesiredState
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.ports.store import Put, Update, Write
from chalicelib.records import keys, states
from chalicelib.records.pending import pending_of
from simulation.history import Commit, History
from simulation.invariants.moves import Cordons, Moves, state_words
from simulation.invariants.restores import Known, Restores
from simulation.sight import Sight

_RESTART = DesiredState.RESTART_REQUESTED


class CommitRules:
    """``look`` is told of every committed transaction. ``most_on_agent``: the quota of each."""

    def __init__(self, history: History, sight: Sight, *, most_on_agent: int) -> None:
        self._history = history
        self._sight = sight
        self._most_on_agent = most_on_agent
        self._pending: set[str] = set()
        self._epochs: dict[str, int] = {}
        self.live: dict[str, WorkspaceState] = {}
        self.placed: dict[str, str] = {}
        """Agent by workspace."""
        self.organisations: dict[str, str] = {}
        """Organisation by workspace."""
        self.abandoned: set[str] = set()
        """Workspaces whose owner has left: they alone are ended by the sweep."""
        self.cordons = Cordons(history)
        self.moves = Moves(history, sight)
        self.restores = Restores(history, sight)
        self.liar = ""
        """The agent whose own workspaces may be told to have done anything."""

    def known(self) -> Known:
        """Return what is stored now."""
        return Known(
            dict(self.live), dict(self.placed), dict(self.organisations), frozenset(self._pending)
        )

    def rewind(self, known: Known) -> None:
        """Take what is stored for what it was. Epochs stay: an agent's never falls, restored or not."""
        self.live, self.placed = dict(known.live), dict(known.placed)
        self.organisations, self._pending = dict(known.organisations), set(known.pending)
        self.restores.begin(known.live)

    def look(self, writes: Sequence[Write]) -> None:
        """Check what a transaction did to states."""
        written: list[WorkspaceState] = []
        gone: dict[str, WorkspaceState] = {}
        for write in writes:
            self._note_pending(write)
            self._check_epoch(write)
            self.cordons.note(write)
            if not _is_state(write):
                continue
            if not isinstance(write, Put):
                name = key_of(write).sort.rpartition("#")[2]
                if name in self.live:
                    gone[name] = self.live.pop(name)
                continue
            after = states.from_item(write.item)
            before = self.live.get(after.workspace_id)
            self.live[after.workspace_id] = after
            _, organisation, _, agent_id = key_of(write).partition.split("#")
            was = self.placed.get(after.workspace_id, "")
            self.placed[after.workspace_id] = agent_id
            self.organisations[after.workspace_id] = organisation
            if after.workspace_id in gone:
                self._check_move(gone[after.workspace_id], after, was, _audits(writes))
            else:
                self._check(before, after, _audits(writes))
            written.append(after)
        for after in written:
            has_row = after.workspace_id in self._pending
            follows = has_row == (pending_of(after) is not None)
            self._expect(follows, "INV-25", after, "its pending row does not follow it")

    def _note_pending(self, write: Write) -> None:
        """Keep which workspaces have a row that makes their agent ask: after a change as before."""
        name = key_of(write).sort
        if name.startswith(keys.PENDING):
            change = self._pending.add if isinstance(write, Put) else self._pending.discard
            change(name.removeprefix(keys.PENDING))

    def _check_epoch(self, write: Write) -> None:
        """An agent's epoch never falls: who led before is fenced."""
        name = key_of(write).sort
        epoch = write.set.get("epoch") if isinstance(write, Update) else None
        if isinstance(epoch, int) and name.startswith(keys.AGENTS):
            highest = self._epochs.get(name, 0)
            if epoch < highest:
                self._history.broken("INV-5", f"{name} fell from epoch {highest} to {epoch}")
            self._epochs[name] = max(epoch, highest)

    def _check_move(
        self, before: WorkspaceState, after: WorkspaceState, was: str, audits: int
    ) -> None:
        writer = self._sight.writer()
        commits = self._history.commits.setdefault(after.workspace_id, [])
        commits.append(Commit(self._history.now(), writer, after))
        self._history.tell(f"{state_words(after)}, moved by {writer}")
        self._expect(writer == "agent", "INV-28", after, f"moved by the {writer}")
        self._expect(audits == 1, "INV-19", after, f"{audits} records of a move")
        self.moves.look(before, after, left=was, is_honest=was != self.liar)
        self._check_quota(after)

    def _check(self, before: WorkspaceState | None, after: WorkspaceState, audits: int) -> None:
        writer = self._sight.writer()
        commits = self._history.commits.setdefault(after.workspace_id, [])
        commits.append(Commit(self._history.now(), writer, after))
        self._history.tell(f"{state_words(after)} by {writer}")
        if before is None:
            self._expect(writer == "person", "INV-1", after, f"made by the {writer}")
            if key := self._sight.key():
                self._history.belongs(key, after.workspace_id)
            self._check_quota(after)
            self.cordons.look_at_new(after, self.placed[after.workspace_id])
            return
        self._check_counts(before, after)
        is_honest = self.placed[after.workspace_id] != self.liar
        step = self.restores.step(before, after)
        if writer == "agent" and self.restores.is_caught_up(
            before, after, audits, is_honest=is_honest
        ):
            return
        self._check_wish(before, after, writer, audits, step)
        self._check_sight(before, after, writer)

    def _check_quota(self, after: WorkspaceState) -> None:
        agent_id = self.placed[after.workspace_id]
        carried = [
            each
            for name, each in self.live.items()
            if self.placed[name] == agent_id and each.actual is not ActualState.TERMINATED
        ]
        words = f"{len(carried)} on {agent_id}"
        self._expect(len(carried) <= self._most_on_agent, "INV-14", after, words)

    def _check_counts(self, before: WorkspaceState, after: WorkspaceState) -> None:
        self._expect(after.version == before.version + 1, "INV-1", after, "lost a write")
        self._expect(after.acknowledged >= before.acknowledged, "INV-5", after, "ack fell")
        self._expect(after.acknowledged <= after.generation, "INV-5", after, "ack ahead of wish")
        order = (before.epoch, before.resource_version)
        self._expect((after.epoch, after.resource_version) >= order, "INV-6", after, "went back")

    def _check_wish(
        self, before: WorkspaceState, after: WorkspaceState, writer: str, audits: int, step: int
    ) -> None:
        raised = after.generation - before.generation
        # What is withheld after a restore is wished anew by the very wish that it has.
        is_again = writer == "person" and before.withheld and not after.withheld
        changed = after.desired is not before.desired or is_again
        self._expect(raised == step * changed, "INV-1", after, f"generation rose by {raised}")
        if before.desired is DesiredState.TERMINATED:
            self._expect(not changed, "INV-4", after, "a terminated workspace was wanted again")
        ended = after.actual is ActualState.TERMINATED and before.actual is not after.actual
        accepted = int(changed) + int(ended)
        self._expect(audits == accepted, "INV-19", after, f"{audits} records of {accepted} changes")
        if changed and before.desired is _RESTART and after.desired is DesiredState.TERMINATED:
            self._history.sometimes("restart raced by a termination")
        if not changed:
            return
        self.cordons.look_at_wish(before, after, self.placed[after.workspace_id])
        if writer == "person":
            self._sight.asked(after.workspace_id)
        if before.desired is DesiredState.MOVE_REQUESTED and not after.is_leaving:
            self._expect(after.stay == after.generation, "INV-28", after, "called off in part")
            self._history.sometimes("move called off")
        elif writer == "person":
            return
        elif writer == "agent":
            self._check_restart(before, after)
        else:
            self._expect(
                self._may_sweep(before, after),
                "INV-1",
                after,
                f"the sweep overwrote {before.desired}",
            )

    def _may_sweep(self, before: WorkspaceState, after: WorkspaceState) -> bool:
        if after.desired is DesiredState.TERMINATED:
            return after.workspace_id in self.abandoned
        if self.cordons.may_stop(before, self.placed[after.workspace_id]):
            return after.desired is DesiredState.STOPPED
        return before.desired is DesiredState.RUNNING and after.desired is DesiredState.STOPPED

    def _check_restart(self, before: WorkspaceState, after: WorkspaceState) -> None:
        is_restart = before.desired is _RESTART and after.desired is DesiredState.RUNNING
        self._expect(is_restart, "INV-1", after, f"an agent overwrote {before.desired}")
        stopped = (
            self._sight.has_stopped(after.workspace_id, before.generation)
            or self.placed[after.workspace_id] == self.liar
        )
        self._expect(stopped, "INV-7", after, f"never stopped in generation {before.generation}")
        self._history.sometimes("restart completed")

    def _check_sight(self, before: WorkspaceState, after: WorkspaceState, writer: str) -> None:
        if writer == "person":
            same = (after.actual, after.acknowledged) == (before.actual, before.acknowledged)
            self._expect(same, "INV-6", after, "a person's wish changed what is shown")
        ends = after.actual is ActualState.TERMINATED and before.actual is not after.actual
        if ends and self.placed[after.workspace_id] != self.liar:
            buried = self._sight.was_buried(after.workspace_id, after.generation)
            self._expect(buried, "INV-24", after, "an end without its tombstone")

    def _expect(self, holds: bool, rule: str, state: WorkspaceState, words: str) -> None:  # noqa: FBT001 - an assertion
        if not holds:
            self._history.broken(rule, f"{state_words(state)}: {words}")


def _is_state(write: Write) -> bool:
    key = key_of(write)
    return "#AGENT#" in key.partition and key.sort.startswith("WS#")


def _audits(writes: Sequence[Write]) -> int:
    return sum(key_of(write).partition.endswith("#AUDIT") for write in writes)
