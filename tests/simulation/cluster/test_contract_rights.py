"""Contract: what the agent's account may do, before and after it bound its role."""

from __future__ import annotations

import pytest

from berth_agent.applier import role_binding
from berth_agent.ownership import Owner
from berth_kube.errors import Forbidden, Invalid, KubernetesError, NotFound
from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, SECRET, Kind
from berth_kube.projections import Partial
from chalicelib.wire.labels import namespace_of
from tests.agent.orders import AGENT
from tests.simulation.cluster.things import Object, config
from tests.simulation.cluster.worlds import World

OWNER = Owner(AGENT, "berth")


@pytest.fixture
def workspace(world: World) -> str:
    """A workspace's id; its namespace was made by the agent, and holds nothing."""
    made = f"ws-{world.fresh():0>12}"
    world.agent.create(namespace(namespace_of(made)))
    return made


def namespace(name: str, **labels: str) -> Object:
    """A namespace as the agent makes them."""
    secured = {
        "berth.dev/agent-id": AGENT,
        "pod-security.kubernetes.io/enforce": "restricted",
        "pod-security.kubernetes.io/enforce-version": "v1.30",
    }
    metadata = {"name": name, "labels": {**secured, **labels}}
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}


def bound(world: World, workspace: str) -> str:
    """Bind the agent's role and wait until that is known; the namespace."""
    world.agent.create(role_binding(workspace, OWNER))
    place = namespace_of(workspace)

    def may() -> bool:
        try:
            world.agent.get(CONFIG_MAP, "none", Partial, namespace=place)
        except Forbidden:
            return False
        return True

    world.eventually(may, "the rights of the RoleBinding")
    return place


def test_without_its_binding_the_agent_may_not_even_look(world: World, workspace: str) -> None:
    """In a namespace without the RoleBinding the agent is forbidden to read a ConfigMap: 403."""
    place = namespace_of(workspace)
    with pytest.raises(Forbidden) as caught:
        world.agent.get(CONFIG_MAP, place, Partial, namespace=place)
    assert caught.value.message == (
        f'configmaps "{place}" is forbidden: User "system:serviceaccount:berth:berth-agent" cannot'
        f' get resource "configmaps" in API group "" in the namespace "{place}"'
    )
    assert (caught.value.status, caught.value.reason) == (403, "Forbidden")


def test_with_its_binding_the_agent_may_write(world: World, workspace: str) -> None:
    """After the RoleBinding it creates, applies, lists and deletes there."""
    place = bound(world, workspace)
    world.agent.create(config(place, key="1"))
    world.agent.apply(config(place, key="2"))
    found = world.agent.list_metadata(CONFIG_MAP, namespace=place, selector="")
    assert "one" in [item.metadata.name for item in found]
    assert world.agent.delete(CONFIG_MAP, "one", namespace=place)


def test_secrets_cannot_be_listed(world: World, workspace: str) -> None:
    """Even with the binding Secrets are read by name only."""
    place = bound(world, workspace)
    with pytest.raises(Forbidden, match='cannot list resource "secrets"'):
        world.agent.list_metadata(SECRET, namespace=place, selector="")
    assert world.agent.get(SECRET, "none", Partial, namespace=place) is None


def test_rights_end_at_the_namespace(world: World, workspace: str, place: str) -> None:
    """The binding of one namespace gives nothing in another."""
    bound(world, workspace)
    with pytest.raises(Forbidden):
        world.agent.apply(config(place))


def test_a_namespace_is_never_changed_by_the_agent(world: World, workspace: str) -> None:
    """The agent cannot patch a namespace, not even its own workspace's."""
    with pytest.raises(Forbidden, match='cannot patch resource "namespaces"'):
        world.agent.apply(namespace(namespace_of(workspace), more="1"))


@pytest.mark.parametrize("kind, namespaced", [(POD, True), (DEPLOYMENT, True), (NAMESPACE, False)])
def test_the_agent_looks_everywhere(world: World, place: str, kind: Kind, namespaced: bool) -> None:
    """Pods, Deployments and namespaces are read in every namespace."""
    found = world.agent.list_metadata(kind, namespace=place if namespaced else "", selector="x=y")
    assert found == []


def test_pods_are_out_of_reach(world: World, workspace: str) -> None:
    """The agent deletes no pod."""
    place = bound(world, workspace)
    with pytest.raises(Forbidden):
        world.agent.delete(POD, "none", namespace=place)


def test_other_namespaces_are_refused_by_policy(world: World, place: str) -> None:
    """The agent makes and deletes namespaces of workspaces only."""
    for attempt in (
        lambda: world.agent.create(namespace(f"other-{world.fresh()}")),
        lambda: world.agent.delete(NAMESPACE, place),
    ):
        with pytest.raises((Forbidden, Invalid), match="namespaces of workspaces only"):
            attempt()
    assert world.read(NAMESPACE, place)["status"]["phase"] == "Active"


@pytest.mark.parametrize("name", ["default", "kube-system"])
def test_the_clusters_own_namespaces_stay(world: World, name: str) -> None:
    """Not even the administrator deletes them."""
    with pytest.raises(Forbidden, match="this namespace may not be deleted"):
        world.admin.delete(NAMESPACE, name)


def test_unsecured_namespaces_are_refused_by_policy(world: World) -> None:
    """A workspace's namespace must enforce restricted pods."""
    body = namespace(f"berth-ws-{world.fresh():0>12}")
    del body["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    with pytest.raises((Forbidden, Invalid), match="restricted pods"):
        world.agent.create(body)


def test_the_role_is_bound_to_the_agent_only(world: World, workspace: str, place: str) -> None:
    """The agent binds its role neither to another nor elsewhere."""
    other = role_binding(workspace, OWNER)
    other["subjects"][0]["name"] = "default"
    elsewhere = role_binding(workspace, OWNER)
    elsewhere["metadata"]["namespace"] = place
    for body in (other, elsewhere):
        with pytest.raises((Forbidden, Invalid), match="to itself"):
            world.agent.create(body)


def test_rights_come_before_existence(world: World, place: str) -> None:
    """Who may not look does not learn whether there is anything, nor whether a namespace exists."""
    for namespace_name in (place, "nowhere"):
        with pytest.raises(Forbidden):
            world.agent.delete(CONFIG_MAP, "none", namespace=namespace_name)


def test_the_binding_goes_with_its_namespace(world: World, workspace: str) -> None:
    """Once the namespace is gone, so is the right to look into it."""
    place = bound(world, workspace)
    world.agent.delete(NAMESPACE, place)
    world.eventually(
        lambda: world.agent.get(NAMESPACE, place, Partial) is None, "the end of the namespace"
    )

    def is_refused() -> bool:
        try:
            world.agent.get(CONFIG_MAP, "none", Partial, namespace=place)
        except Forbidden:
            return True
        return False

    world.eventually(is_refused, "the end of the rights")


def test_the_agent_keeps_tombstones(world: World) -> None:
    """In its own namespace the agent creates, lists and deletes ConfigMaps."""
    name = f"berth-tombstone-{world.fresh()}"
    made = world.agent.create(config("berth", name))
    assert world.agent.delete(CONFIG_MAP, name, namespace="berth", uid=made.metadata.uid)
    assert not world.agent.delete(CONFIG_MAP, name, namespace="berth")


def test_a_binding_needs_its_namespace(world: World) -> None:
    """A RoleBinding for a workspace without a namespace is answered 404."""
    with pytest.raises((NotFound, KubernetesError)) as caught:
        world.agent.create(role_binding(f"ws-{world.fresh():0>12}", OWNER))
    assert caught.value.status == 404
