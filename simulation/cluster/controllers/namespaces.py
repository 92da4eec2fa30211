"""Deletion of namespaces: their content goes step by step, then they do."""

from __future__ import annotations

from berth_kube import kinds
from berth_kube.kinds import Kind
from simulation.cluster.controllers.environment import Environment, Object, Round
from simulation.cluster.store import Author, Event, Key, Stored

_WHO = "namespace-controller"
_CONTENT = tuple(kind for kind in kinds.ALL if kind.namespaced)


class Namespaces:
    """Several kinds go at each step, in an order that is drawn; pods take their time."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._round = Round(environment, self._look)

    def changed(self, event: Event) -> None:
        """Take in a change of a namespace."""
        if event.type != "DELETED" and event.now.object["metadata"].get("deletionTimestamp"):
            self._round.poke(event.key)

    def _look(self, key: Key) -> None:
        environment = self._environment
        live = environment.store.get(kinds.NAMESPACE, *key)
        if live is None or not live.object["metadata"].get("deletionTimestamp"):
            return
        left = self._left(key[1])
        if left and environment.befalls("stuck_namespace"):
            self._say(key, live, left)
            delay = environment.span(environment.weather.stuck_for)
        elif left:
            for kind in left[: environment.chance.randint(1, len(left))]:
                self._empty(kind, key[1])
            delay = environment.span(environment.weather.namespace_step)
        else:
            by = Author(_WHO)
            environment.registry.edit(kinds.NAMESPACE, key, _finalized, by)
            return
        environment.after(delay, lambda: self._round.poke(key))

    def _left(self, namespace: str) -> list[Kind]:
        shelf = self._environment.store.shelf
        left = [kind for kind in _CONTENT if shelf(kind).objects.get(namespace)]
        self._environment.chance.shuffle(left)
        return left

    def _empty(self, kind: Kind, namespace: str) -> None:
        for stored in list(self._environment.store.shelf(kind).all(namespace)):
            self._environment.delete(kind, stored, _WHO)

    def _say(self, key: Key, live: Stored, left: list[Kind]) -> None:
        names = ", ".join(sorted(f"{kind.plural} has 1 resource instances" for kind in left))
        condition = {
            "type": "NamespaceContentRemaining",
            "status": "True",
            "reason": "SomeResourcesRemain",
            "message": f"Some resources are remaining: {names}",
        }
        status = {**live.object["status"], "conditions": [condition]}
        self._environment.status(kinds.NAMESPACE, key, status, _WHO)


def _finalized(thing: Object) -> Object:
    return {**thing, "spec": {**thing["spec"], "finalizers": []}}
