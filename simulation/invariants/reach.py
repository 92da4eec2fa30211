"""Rule on every request of an agent to its API server: it changes what is its own, and nothing else."""

from __future__ import annotations

from berth_kube import kinds
from chalicelib.wire import labels
from simulation.cluster.addresses import Address
from simulation.cluster.rights import AGENT
from simulation.cluster.server import ApiServer
from simulation.history import History

_CHANGES = ("create", "update", "patch", "delete")
_PREFIX = labels.namespace_of("")


class ReachRules:
    """Watches the requests of one agent. ``home``: the namespace that it runs in."""

    def __init__(self, history: History, server: ApiServer, agent_id: str, home: str) -> None:
        self._history = history
        self._server = server
        self._agent_id = agent_id
        self._home = home
        server.asked = self._look

    def _look(self, caller: str, verb: str, address: Address) -> None:
        if caller != AGENT.name or verb not in _CHANGES:
            return
        place = address.name if address.kind is kinds.NAMESPACE else address.namespace
        if place and place != self._home and not self._is_ours(place):
            words = f"{verb} of {address.kind.name} {address.namespace}/{address.name}"
            self._history.broken("INV-12", f"{self._agent_id} asked {words}")

    def _is_ours(self, place: str) -> bool:
        live = self._server.store.get(kinds.NAMESPACE, "", place)
        found = live.object["metadata"].get("labels") or {} if live is not None else None
        is_free = found is None or found.get(labels.AGENT_ID) == self._agent_id
        return place.startswith(_PREFIX) and is_free
