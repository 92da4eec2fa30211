"""``KUBECONFIG``, ``BERTH_IMAGES`` and ``BERTH_PUBLIC_URL``: Berth in a cluster that it did not start.

The cluster that "the user has" is a second one of ours: it knows the images, and reaches this machine by passages.
"""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from berth_cli.progress import Wanted, wait_for
from berth_cli.workspaces import Creation, create, read
from berth_local.cluster.cluster import Cluster
from berth_local.journey import Journey
from berth_local.site.names import NODE, Names, choose
from berth_local.site.places import GivenCluster
from berth_local.site.site import Site
from berth_local.site.steps import Steps
from berth_local.waiting import wait_until
from images.cache import Cache, default_cache
from images.catalogue import IMAGES, build_image

pytestmark = pytest.mark.cluster


MACHINE = "machine.localhost"
"""This machine: here by the loopback address, in the cluster by its node's."""


@pytest.fixture
def names() -> Names:
    """Free ports of this machine."""
    return choose()


@pytest.fixture
def theirs(names: Names) -> Iterator[Cluster]:
    """A cluster that has the images and knows how to reach this machine, and nothing else of Berth."""
    cache = Cache(default_cache() / "images")
    cache.root.mkdir(parents=True, exist_ok=True)
    images = [build_image(name, cache.root, cache) for name in sorted(IMAGES)]
    with Cluster(f"given-{os.getpid()}", images=images, hosts={MACHINE: NODE}) as cluster:
        for port in (names.control_plane_port, names.git_port):
            cluster.reverse(f"{NODE}:{port}", f"127.0.0.1:{port}")
        yield cluster


def test_the_journey_passes_in_a_cluster_that_the_user_has(
    theirs: Cluster, names: Names, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step from creation to termination is right, and afterwards the cluster is as it was."""
    monkeypatch.setenv("KUBECONFIG", str(theirs.kubeconfig))
    monkeypatch.setenv("BERTH_IMAGES", "localhost")
    monkeypatch.setenv("BERTH_PUBLIC_URL", f"https://{MACHINE}:{names.control_plane_port}")
    ports = (names.control_plane_port, names.issuer_port, names.git_port, names.proxy_port)
    steps = Steps()

    with Site("given", steps, folder=tmp_path, ports=ports) as site:
        assert isinstance(site.place, GivenCluster)
        Journey(site, steps, tmp_path / "journey.png").walk()
        left = create(
            site.client, Creation("left", "", "terminal", site.repository, "", "", None, (), ())
        )
        wait_for(lambda: read(site.client, left["id"]), Wanted("Running", 180))
        assert "berth-" + left["id"] in theirs.kubectl("get", "namespaces").stdout

    assert [step.text for step in steps.done if not step.passed] == []
    everything = "namespaces,persistentvolumes,clusterroles,clusterrolebindings"
    policies = "validatingadmissionpolicies,validatingadmissionpolicybindings"
    wait_until(
        lambda: "berth" not in theirs.kubectl("get", f"{everything},{policies}").stdout,
        "something of Berth is left",
        seconds=60,
    )
