"""Rules on every answer of the control plane: no secret to a wrong agent, no fault, no answer too large."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

from chalicelib.domain.workspaces.states import DesiredState
from simulation.gateway import FUNCTION_SECONDS, Answer, Call
from simulation.history import History
from simulation.invariants.commits import CommitRules

MOST_BYTES = 4 * 1024 * 1024
_RECONCILE = "/agent/v1/reconcile"


class AnswerRules:
    """``look`` is told of each answer, as it leaves the handler."""

    def __init__(self, history: History, commits: CommitRules) -> None:
        self._history = history
        self._commits = commits

    def look(self, call: Call, answer: Answer) -> None:
        """Check one answer."""
        if len(answer.body) > MOST_BYTES:
            self._history.broken("INV-16", f"{call.path} answered {len(answer.body)} bytes")
        if answer.status == 500:
            self._history.broken("INV-20", f"{call.path}: {answer.body[:200]!r}")
        if answer.status == 429 and b'-quota"' in answer.body:
            self._history.sometimes("quota used up")
        if answer.status == 409 and b'"fenced"' in answer.body:
            self._history.sometimes("older leader fenced")
        if call.resource == _RECONCILE and answer.status == 200:
            self._look_at_orders(call, answer.json)
        elif b"canary-of-" in answer.body:
            self._history.broken("INV-9", f"{call.path} gave a secret away")

    def _look_at_orders(self, call: Call, body: dict[str, Any]) -> None:
        told = json.loads(call.body)
        for order in body["orders"]:
            placed = self._commits.placed.get(order["workspace_id"])
            # Another organisation's workspace is as unknown here as one that never was.
            organisation = self._commits.organisations.get(order["workspace_id"], "nobody's")
            is_orphan = order["action"] == "terminate" and organisation not in call.tenant
            if placed != call.subject and not (is_orphan or self._has_left(call, order)):
                words = f"{call.subject} was given an order for {order['workspace_id']} of {placed}"
                self._history.broken("INV-8", words)
            for secret in order.get("secrets") or ():
                self._look_at_secret(order["workspace_id"], secret)
        if b"canary-of-" in json.dumps({**body, "orders": []}).encode():
            self._history.broken("INV-9", "a secret outside of a Secret")
        if body["more"]:
            self._history.sometimes("answer in pages")
        if not (told.get("full_sync") or {}).get("last", True):
            self._history.sometimes("full transfer in pages")
        if told.get("update_type") == "full" and body["orders"]:
            self._history.sometimes("full sync sends what drifted")

    def _has_left(self, call: Call, order: dict[str, Any]) -> bool:
        """Whether the workspace has left the agent while the answer was written, or is only what the
        agent's cluster still has of one that moved once."""
        workspace_id = order["workspace_id"]
        since = self._commits.moves.left_since(workspace_id, call.subject)
        if since is not None and self._history.now() - since < FUNCTION_SECONDS:
            return True
        state = self._commits.live.get(workspace_id)
        has_moved = state is not None and state.stay > 1
        return has_moved and order["action"] == "terminate"

    def _look_at_secret(self, workspace_id: str, secret: dict[str, Any]) -> None:
        state = self._commits.live.get(workspace_id)
        if state is None or state.desired is DesiredState.TERMINATED:
            self._history.sometimes("termination crosses an order")
        values = [
            *(secret.get("stringData") or {}).values(),
            *(b64decode(value).decode() for value in (secret.get("data") or {}).values()),
        ]
        for value in values:
            key = self._history.canaries.get(value)
            owner = self._history.owners.get(key or "", workspace_id)
            if key is None or owner != workspace_id:
                self._history.broken("INV-8", f"{workspace_id} was given the secret of {owner}")
