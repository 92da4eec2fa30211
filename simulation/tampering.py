"""Answers of a control plane that was taken over: orders that no agent may carry out.

Each is a true order with one thing changed that the agent's own rules (``berth_agent.ownership``)
refuse. What a taken control plane may do all the same, such as stopping a workspace, is not here.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any

from chalicelib.wire import labels

Object = dict[str, Any]
_ELSEWHERE = "kube-system"


def has_orders(body: bytes) -> bool:
    """Whether an answer brings something to apply."""
    return b'"apply"' in body


def tampered(body: bytes, chance: random.Random) -> bytes:
    """Change one order in an answer that has some."""
    answer = json.loads(body)
    orders = [order for order in answer["orders"] if order["action"] == "apply"]
    chance.choice(_WAYS)(chance.choice(orders), chance)
    return json.dumps(answer).encode()


def _moved(order: Object, chance: random.Random) -> None:
    """An object goes to a namespace of the cluster's own."""
    thing = chance.choice([each for each in order["objects"] if each["kind"] != "Namespace"])
    thing["metadata"]["namespace"] = _ELSEWHERE


def _foreign_kind(order: Object, chance: random.Random) -> None:
    """A grant of rights comes along."""
    del chance
    place = labels.namespace_of(order["workspace_id"])
    order["objects"].append(
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "RoleBinding",
            "metadata": {"name": "grant", "namespace": place},
        }
    )


def _relabelled(order: Object, chance: random.Random) -> None:
    """An object names another workspace."""
    thing = chance.choice(order["objects"])
    thing["metadata"]["labels"][labels.WORKSPACE_ID] = "ws-000000000000"


def _readdressed(order: Object, chance: random.Random) -> None:
    """The order is for another workspace than its objects."""
    del chance
    order["workspace_id"] = "ws-000000000000"


def _doubled(order: Object, chance: random.Random) -> None:
    """There are two Deployments."""
    del chance
    order["objects"] += [each for each in order["objects"] if each["kind"] == "Deployment"]


def _parted(order: Object, chance: random.Random) -> None:
    """A member is no part of the set, so that nothing would ever prune it."""
    things = [each for each in order["objects"] if each["kind"] not in ("Namespace", "ConfigMap")]
    chance.choice(things)["metadata"]["labels"].pop(labels.PART_OF)


def _raised(order: Object, chance: random.Random) -> None:
    """The order claims a generation that its objects do not carry."""
    order["generation"] += chance.randint(1, 1000)


def _open_secret(order: Object, chance: random.Random) -> None:
    """A Secret stands among what may be logged."""
    del chance
    place = labels.namespace_of(order["workspace_id"])
    marks = order["objects"][0]["metadata"]["labels"]
    metadata = {"name": "more", "namespace": place, "labels": marks}
    order["objects"].append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})


def _unnamed_secret(order: Object, chance: random.Random) -> None:
    """A Secret comes that the order does not name, or its name goes."""
    del chance
    order["secret_names"] = []
    order["secrets_digest"] = "0" * 64


_WAYS: tuple[Callable[[Object, random.Random], None], ...] = (
    _moved,
    _foreign_kind,
    _relabelled,
    _readdressed,
    _doubled,
    _parted,
    _raised,
    _open_secret,
    _unnamed_secret,
)
