"""A real API server takes the golden manifests: strict schema, defaults, admission, Pod Security."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from berth_local.cluster.cluster import Cluster
from tests.golden import plans, regenerate

pytestmark = pytest.mark.cluster

PLACE = f"berth-{plans.WORKSPACE_ID}"


def copied(name: str) -> list[dict[str, Any]]:
    """Return a golden manifest's objects, free to be changed."""
    objects: list[dict[str, Any]] = json.loads(json.dumps(regenerate.manifests()[name]))
    return objects


def apply(cluster: Cluster, objects: list[dict[str, Any]], *words: str) -> str:
    """Apply by server as the agent does and return what the server warned of."""
    listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
    manager = ("--server-side", "--force-conflicts", "--field-manager=berth-agent")
    command = ("apply", *manager, "--validate=strict", "-f", "-", *words)
    outcome = cluster.kubectl(*command, text_input=listed)
    assert outcome.stdout.count("serverside-applied") == len(objects)
    return outcome.stderr


@pytest.fixture(scope="module")
def place(control_cluster: Cluster) -> Iterator[Cluster]:
    """A cluster in which the workspaces' namespace exists, as our manifest makes it."""
    objects = copied("minimal")
    apply(control_cluster, objects[:1])
    yield control_cluster
    control_cluster.kubectl("delete", "namespace", PLACE, "--wait=false")


@pytest.mark.parametrize("name", plans.CASES)
def test_the_server_takes_the_manifests(place: Cluster, name: str) -> None:
    """Every object passes a server-side dry run without a warning, Pod Security's among them."""
    objects = copied(name)
    assert apply(place, objects, "--dry-run=server") == ""


def test_the_server_takes_the_proxy(place: Cluster) -> None:
    """The proxy's objects pass too, in a namespace that is held to the same standard."""
    objects = copied("proxy")
    for thing in objects:
        thing["metadata"]["namespace"] = PLACE
    assert apply(place, objects, "--dry-run=server") == ""


def test_the_server_would_warn(place: Cluster) -> None:
    """The same server warns of a pod that is not restricted: the silence above means something."""
    objects = copied("minimal")
    objects[-1]["spec"]["template"]["spec"]["hostNetwork"] = True
    assert "would violate PodSecurity" in apply(place, objects, "--dry-run=server")


def test_quota_and_limits_admit_the_pod(place: Cluster) -> None:
    """With quota and limits in force, a pod of the full plan's template is admitted, and one that
    asks for more is not."""
    objects = copied("full")
    apply(place, objects)
    template = objects[-3]["spec"]["template"]
    assert objects[-3]["kind"] == "Deployment"
    pod = template | {"apiVersion": "v1", "kind": "Pod"}
    pod["metadata"] = template["metadata"] | {"name": "probe", "namespace": PLACE}
    assert apply(place, [pod], "--dry-run=server") == ""
    pod["spec"]["containers"][0]["resources"]["limits"]["cpu"] = "4001m"
    command = ("create", "--dry-run=server", "-f", "-")
    refused = place.kubectl(*command, text_input=json.dumps(pod), check=False)
    assert refused.returncode != 0
    assert "maximum cpu usage per Container is 4" in refused.stderr
