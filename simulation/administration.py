"""What owners of the organisation and administrators of the cluster do in a script."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from berth_kube import kinds
from berth_kube.transport import Request, Response
from simulation.cluster.controllers.meddling import Meddler
from simulation.gateway import Answer, Call
from simulation.history import History
from simulation.people import User
from simulation.plant import Plant

_ERROR = Response(500, {}, b'{"kind":"Status","code":500,"reason":"InternalError"}')


class Office:
    """The owner's requests."""

    def __init__(self, owner: User, plant: Plant) -> None:
        self._owner = owner
        self._plant = plant

    def change_organisation(self, **settings: Any) -> None:
        """Change settings of the organisation."""
        self._send("PATCH", "/api/v1/organisation", {"settings": settings})

    def change_agent(self, **settings: Any) -> None:
        """Change settings of the agent."""
        self._send("PATCH", "/api/v1/agents/{agent_id}", {"settings": settings})

    def rotate_token(self, *, overlap_seconds: int, key: str = "rotation") -> None:
        """Make the agent a new token, and give it to the agent. Under one key, as a message may come
        twice: the second would revoke what the first is answered with."""
        agent_id, body = self._plant.agent_id, {"overlap_seconds": overlap_seconds}
        call = self._owner.call(
            "POST",
            "/api/v1/agents/{agent_id}/rotate",
            body,
            parameters={"agent_id": agent_id},
            headers={"Idempotency-Key": f"{agent_id}-{key}"},
        )
        self._plant.token = self._answered(call).json["token"]

    def retire_agent(self) -> None:
        """Retire the agent."""
        self._send("POST", "/api/v1/agents/{agent_id}/retire", {})

    def tend(self, verb: str, plant: Plant | None = None) -> None:
        """Cordon, drain or uncordon an agent, by default the first."""
        agent_id = (plant or self._plant).agent_id
        resource = f"/api/v1/agents/{{agent_id}}/{verb}"
        self._send("POST", resource, {}, {"agent_id": agent_id})

    def remove_member(self, user_id: str) -> None:
        """Remove somebody from the organisation: who asks again is told that they are not there."""
        self._send("DELETE", "/api/v1/members/{user_id}", None, {"user_id": user_id}, also=404)

    def _send(
        self,
        method: str,
        resource: str,
        body: Any,
        where: Mapping[str, str] | None = None,
        *,
        also: int = 200,
    ) -> Answer:
        parameters = where or {"agent_id": self._plant.agent_id}
        return self._answered(self._owner.call(method, resource, body, parameters=parameters), also)

    def _answered(self, call: Call, also: int = 200) -> Answer:
        answer = self._owner.send(call)
        if answer is None or (answer.status >= 300 and answer.status != also):
            raise ValueError(f"{call.method} {call.path} is answered {answer}")
        return answer


class Cluster:
    """What is done in the cluster by hand, or to its API server."""

    def __init__(self, plant: Plant, history: History) -> None:
        self._plant = plant
        self._history = history

    def by_hand(self, deed: Callable[[Meddler], object]) -> None:
        """Let an administrator do something."""
        self._plant.rules.by_hand = True
        deed(self._plant.controllers.meddler)
        self._plant.rules.by_hand = False
        self._history.tell("an administrator has acted")

    def slow_to_stop(self, seconds: float) -> None:
        """Let each pod take so long to end from now on."""
        controllers = self._plant.controllers
        controllers.weather = replace(controllers.weather, stopping=(seconds, seconds))

    def fail(self, kind: kinds.Kind | None) -> None:
        """Let no object of this kind be written; None: let all be well again."""

        def answer(request: Request) -> Response | None:
            is_one = kind is not None and f"/{kind.plural}" in request.path
            return _ERROR if is_one and request.method in ("POST", "PATCH") else None

        self._plant.server.refuse = None if kind is None else answer

    def forget(self) -> None:
        """Compact the history, and cut every watch."""
        self._plant.server.compact()
        for watch in self._plant.server.watches:
            watch.cut()

    def has_namespace(self, name: str) -> bool:
        """Whether a namespace is there."""
        return self._plant.server.store.get(kinds.NAMESPACE, "", name) is not None
