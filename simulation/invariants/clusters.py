"""Rules on every change in a cluster: nothing comes back, no volume is lost, nothing old overwrites."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from berth_kube import kinds
from chalicelib.domain.workspaces.workspace import WorkspaceState
from chalicelib.wire import labels
from simulation.cluster.controllers import RunningPod
from simulation.cluster.server import ApiServer
from simulation.cluster.store import Event, Shelf, Stored
from simulation.history import History

_PREFIX = labels.namespace_of("")
_TOMBSTONE = "berth-tombstone-"


class ClusterRules:
    """Watches one agent's cluster; ``states`` are of its own workspaces. ``by_hand``: an administrator
    acts now, and is no agent."""

    def __init__(
        self,
        history: History,
        server: ApiServer,
        agent_id: str,
        states: Callable[[], Mapping[str, WorkspaceState]],
    ) -> None:
        self._history = history
        self._server = server
        self._agent_id = agent_id
        self._states = states
        self._ended: dict[str, int] = {}
        """The generation in which a workspace's namespace went, -1 where it is not this agent's."""
        self._stopped: set[tuple[str, int]] = set()
        self._buried: set[tuple[str, int]] = set()
        self._generations: dict[str, int] = {}
        self._handled: set[str] = set()
        """Uids of the pods that an administrator removed, or started by scaling their Deployment."""
        self._scaled_by_hand: set[str] = set()
        self._excused: set[str] = set()
        """Workspaces whose end was lost with the store: it goes on, or they are withheld."""
        self.by_hand = False
        self.running: Callable[[], Iterable[RunningPod]] = tuple
        """The pods that hold their volumes."""
        self.lives_elsewhere: Callable[[str], str] = lambda _: ""
        """The other agent that has a Deployment or a pod of a workspace; empty where none has."""
        server.store.on_commit.append(self._look)

    def has_stopped(self, workspace_id: str, generation: int) -> bool:
        """Whether the workspace ever stood without a pod in this generation."""
        return (workspace_id, generation) in self._stopped

    def was_buried(self, workspace_id: str, generation: int) -> bool:
        """Whether a tombstone of this generation ever stood for the workspace."""
        return (workspace_id, generation) in self._buried

    def was_buried_by(self, workspace_id: str, generation: int) -> bool:
        """Whether a tombstone of this or an earlier generation ever stood for the workspace."""
        return any(each == workspace_id and buried <= generation for each, buried in self._buried)

    def applied(self, workspace_id: str) -> int:
        """The highest generation that the workspace's Deployment ever carried."""
        return self._generations.get(workspace_id, 0)

    def excuse(self, workspaces: Iterable[str]) -> None:
        """The store was set back to where these were not to end."""
        self._excused.update(workspaces)

    def asked(self, workspace_id: str) -> None:
        """A person wants something of a workspace: one whose end was lost may come back."""
        if workspace_id in self._excused:
            self._ended.pop(workspace_id, None)
            self._generations.pop(workspace_id, None)

    def _look(self, shelf: Shelf, event: Event) -> None:
        namespace, name = event.key
        if shelf.kind is kinds.CONFIG_MAP and name.startswith(_TOMBSTONE):
            buried = int(event.now.object.get("data", {}).get("generation", 0))
            self._buried.add((name.removeprefix(_TOMBSTONE), buried))
        place = name if shelf.kind is kinds.NAMESPACE else namespace
        if not place.startswith(_PREFIX):
            return
        workspace_id = place.removeprefix(_PREFIX)
        if event.type == "ADDED" and self._is_over(workspace_id):
            self._broken("INV-2", workspace_id, f"{shelf.kind.name} {name} was made after the end")
        if shelf.kind in (kinds.NAMESPACE, kinds.VOLUME_CLAIM):
            self._look_at_end(shelf, event, workspace_id)
        elif shelf.kind is kinds.DEPLOYMENT:
            self._look_at_generation(event, workspace_id)
            self._note_scale(event, workspace_id)
            self._note_stop(workspace_id)
            self._look_elsewhere(event, workspace_id)
        elif shelf.kind is kinds.POD:
            self._look_elsewhere(event, workspace_id)
            is_scaled = event.type == "ADDED" and workspace_id in self._scaled_by_hand
            if self.by_hand or is_scaled:
                self._handled.add(event.now.uid)
            self._look_at_pods(workspace_id)
            self._note_stop(workspace_id)

    def _look_at_end(self, shelf: Shelf, event: Event, workspace_id: str) -> None:
        ends = _is_ending(event.now.object) or event.type == "DELETED"
        was = event.before is not None and _is_ending(event.before.object)
        state = self._states().get(workspace_id)
        may_end = state is None or state.is_leaving or self._was_to_go(state)
        is_excused = self.by_hand or workspace_id in self._excused
        if ends and not was and not is_excused and not may_end:
            self._broken("INV-3", workspace_id, f"{shelf.kind.name} deleted while it is wanted")
        if event.type == "DELETED" and shelf.kind is kinds.NAMESPACE and may_end:
            self._ended[workspace_id] = _ended_in(state)
            self._history.tell(f"{workspace_id} namespace is gone")
            if state is None:
                self._history.sometimes("orphan removed")

    def _was_to_go(self, state: WorkspaceState) -> bool:
        """Whether its removal began before its move was called off."""
        name, stay = state.workspace_id, state.stay
        return stay > 1 and any(each == name and buried < stay for each, buried in self._buried)

    def _is_over(self, workspace_id: str) -> bool:
        """Whether the workspace's namespace went, and it did not come (back) to this agent since."""
        ended, state = self._ended.get(workspace_id), self._states().get(workspace_id)
        if ended is None:
            return False
        return state is None or state.stay <= max(ended, 1)

    def _look_elsewhere(self, event: Event, workspace_id: str) -> None:
        if event.type == "ADDED" and (other := self.lives_elsewhere(workspace_id)):
            self._broken("INV-28", workspace_id, f"it is made here, and lives at {other}")

    def _look_at_generation(self, event: Event, workspace_id: str) -> None:
        if event.type == "DELETED":
            return
        found = _generation(event.now.object)
        if found < self._generations.get(workspace_id, 0):
            self._broken("INV-11", workspace_id, f"generation {found} overwrote a higher one")
        self._generations[workspace_id] = max(found, self._generations.get(workspace_id, 0))
        replicas = event.now.object["spec"].get("replicas")
        if event.before is None or _generation(event.before.object) != found:
            self._history.tell(f"{workspace_id} applied generation {found}, {replicas} replicas")

    def _look_at_pods(self, workspace_id: str) -> None:
        place = labels.namespace_of(workspace_id)
        # Kubernetes replaces a pod that was deleted by hand while it still ends, and starts one
        # beside it when its Deployment is scaled up again by hand.
        mounted = {
            pod.generation
            for pod in self.running()
            if pod.namespace == place and pod.uid not in self._handled
        }
        if len(mounted) > 1:
            words = f"pods of generations {sorted(mounted)} hold one volume"
            self._broken("INV-10", workspace_id, words)

    def _note_scale(self, event: Event, workspace_id: str) -> None:
        before = event.before.object["spec"].get("replicas") if event.before else None
        if event.now.object["spec"].get("replicas") == before:
            return
        self._scaled_by_hand.discard(workspace_id)
        if self.by_hand:
            self._scaled_by_hand.add(workspace_id)

    def _note_stop(self, workspace_id: str) -> None:
        place = labels.namespace_of(workspace_id)
        if any(map(is_unfinished, self._server.store.shelf(kinds.POD).all(place))):
            return
        for live in self._server.store.shelf(kinds.DEPLOYMENT).all(place):
            if live.object["spec"].get("replicas") == 0:
                self._stopped.add((workspace_id, _generation(live.object)))

    def _broken(self, rule: str, workspace_id: str, words: str) -> None:
        self._history.broken(rule, f"{workspace_id}: {words}")


def _ended_in(state: WorkspaceState | None) -> int:
    if state is None:
        return -1
    return state.generation if state.is_leaving else state.stay - 1


def is_unfinished(pod: Stored) -> bool:
    """Whether a pod did not end for good: an evicted one stays listed."""
    return (pod.object.get("status") or {}).get("phase") not in ("Failed", "Succeeded")


def _generation(thing: dict[str, Any]) -> int:
    annotations = thing["metadata"].get("annotations") or {}
    return int(annotations.get(labels.GENERATION) or 0)


def _is_ending(thing: dict[str, Any]) -> bool:
    return bool(thing["metadata"].get("deletionTimestamp"))
