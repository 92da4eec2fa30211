"""What the agent refuses to touch, whatever the control plane orders."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from berth_agent.ownership import Owner, Refused, group_of
from chalicelib.wire import labels
from tests.agent.orders import AGENT, Workspace

OWNER = Owner(AGENT, "berth")
WORKSPACE = Workspace("ws-0123456789ab")
Object = dict[str, Any]


def service(thing: Object) -> bool:
    return bool(thing["kind"] == "Service")


def namespace(thing: Object) -> bool:
    return bool(thing["kind"] == "Namespace")


def elsewhere(thing: Object) -> None:
    thing["metadata"]["namespace"] = "kube-system"


def renamed(thing: Object) -> None:
    thing["metadata"]["name"] = "kube-system"


def nameless(thing: Object) -> None:
    thing["metadata"]["name"] = ""


def role(thing: Object) -> None:
    thing |= {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding"}


def secret(thing: Object) -> None:
    thing |= {"apiVersion": "v1", "kind": "Secret"}


def of_another_agent(thing: Object) -> None:
    thing["metadata"]["labels"][labels.AGENT_ID] = "ag-ffffffffffff"


def of_another_workspace(thing: Object) -> None:
    thing["metadata"]["labels"][labels.WORKSPACE_ID] = "ws-ffffffffffff"


def of_another_set(thing: Object) -> None:
    thing["metadata"]["labels"][labels.PART_OF] = "applyset-none"


def of_another_generation(thing: Object) -> None:
    thing["metadata"]["annotations"][labels.GENERATION] = "2"


def deployment(thing: Object) -> bool:
    return bool(thing["kind"] == "Deployment")


WRONG: list[tuple[Callable[[Object], bool], Callable[[Object], None], str]] = [
    (service, elsewhere, "is not in the namespace"),
    (namespace, renamed, "is not in the namespace"),
    (service, nameless, "is not in the namespace"),
    (service, role, "of a kind that no workspace needs"),
    (service, secret, "outside of `secrets`"),
    (service, of_another_agent, "does not carry this agent's"),
    (service, of_another_workspace, "does not carry this agent's"),
    (service, of_another_set, "is not part of the workspace's set"),
    (deployment, of_another_generation, "does not carry the generation"),
]


@pytest.mark.parametrize(
    "which, spoil, why", WRONG, ids=lambda value: getattr(value, "__name__", "")
)
def test_an_order_with_one_foreign_object_is_refused_whole(
    which: Callable[[Object], bool], spoil: Callable[[Object], None], why: str
) -> None:
    """Of another place, kind, agent, workspace, set or generation: nothing of such an order is applied."""
    order = WORKSPACE.order(1)
    assert group_of(order, OWNER).place == labels.namespace_of(WORKSPACE.id)
    objects = deepcopy(order.objects)
    spoil(next(thing for thing in objects if which(thing)))
    with pytest.raises(Refused, match=why):
        group_of(order.model_copy(update={"objects": objects}), OWNER)


def test_a_reserved_namespace_is_no_workspaces() -> None:
    """An agent that lives where a workspace's namespace would be refuses that workspace."""
    place = labels.namespace_of(WORKSPACE.id)
    with pytest.raises(Refused, match="no namespace for a workspace"):
        group_of(WORKSPACE.order(1), Owner(AGENT, place))
