"""What Berth makes of the registry's devfiles is taken by a real API server."""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from berth_local.cluster.cluster import Cluster
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.usecases.workspaces.create import create_workspace
from chalicelib.usecases.workspaces.draft import WorkspaceRequest
from chalicelib.wire.reconcile import ApplyOrder
from tests.builders import PaperCluster, make_world
from tests.corpus.cases import Case
from tests.corpus.test_corpus import show

pytestmark = pytest.mark.corpus

_HOST = re.compile(r"https://([a-z0-9.-]+)/")


def manifests(case: Case) -> tuple[dict[str, Any], ...]:
    """Return the objects that an agent is ordered to apply for a workspace of this devfile."""
    text = case.text.decode()
    hosts = tuple(GitHost(host) for host in sorted(set(_HOST.findall(text))))
    world = make_world(OrganisationSettings(git_hosts=hosts))
    request = WorkspaceRequest("stack", world.agent_id, devfile=text)
    create_workspace(world.ports, world.person, request)
    cluster = PaperCluster(world)
    (order,) = cluster.ask(cluster.request("full")).orders
    assert isinstance(order, ApplyOrder)
    return order.objects


def refused(apply: Callable[..., Any], objects: Sequence[dict[str, Any]]) -> list[str]:
    """Return what the server says against the objects; their namespace is there already."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": list(objects)})
    words = (
        "apply",
        "--server-side",
        "--field-manager=berth-agent",
        "--validate=strict",
        "--dry-run=server",
    )
    outcome = apply(*words, "-f", "-", text_input=listed, check=False)
    return [line for line in outcome.stderr.splitlines() if line.strip()]


def test_the_server_takes_what_the_registry_makes(
    cases: Mapping[str, list[Case]], control_cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each stack becomes a group of manifests that a server-side dry run takes without a warning."""
    accepted = cases["registry-stacks"]
    wrong = {}
    for case in accepted:
        # Each is the first workspace of an installation of its own, so one namespace serves them all.
        namespace, *others = manifests(case)
        control_cluster.kubectl("apply", "-f", "-", text_input=json.dumps(namespace))
        if said := refused(control_cluster.kubectl, others):
            wrong[case.id] = said
    show(
        capsys,
        f"manifests: {len(accepted) - len(wrong)} of {len(accepted)} groups taken by the API server",
    )

    assert wrong == {}
    assert accepted
