"""The programs: what is built, where it is kept, with which compiler. The building itself is of the cluster tier."""

from pathlib import Path

import pytest

from berth_local.cluster import binaries, helm
from berth_local.cluster.errors import ClusterError
from berth_local.cluster.layout import Tier


@pytest.mark.parametrize(
    "line,enough",
    [
        ("go version go1.26.8 linux/amd64", True),
        ("go version go1.26 linux/amd64", True),
        ("go version go2.0 linux/amd64", True),
        ("go version go1.19.8 linux/amd64", False),
        ("go version go1.9 linux/amd64", False),
        ("", False),
    ],
)
def test_compiler_must_be_new_enough(line: str, enough: bool) -> None:
    """Versions are compared as numbers, and no answer is no compiler."""
    assert binaries.go_is_new_enough(line) is enough


def test_versions_come_from_the_module_alone() -> None:
    """The linker writes into every Kubernetes program the version that `go.mod` pins."""
    version = binaries.pinned_version("k8s.io/kubernetes")

    assert f"\tk8s.io/kubernetes {version}" in (binaries.MODULE / "go.mod").read_text()
    assert (
        f"k8s.io/component-base/version.gitVersion={version}"
        in binaries.kubernetes_tool("kubelet").variables
    )


def test_module_that_is_not_pinned_is_named() -> None:
    """A version that is missing is an error with the file and the module."""
    with pytest.raises(ClusterError, match=r"go\.mod pins no version of example\.org/none"):
        binaries.pinned_version("example.org/none")


def test_every_tier_has_what_it_starts() -> None:
    """The tiers build no more than they run."""
    names = {tier: {tool.name for tool in binaries.tools(tier)} for tier in Tier}

    control = {"etcd", "kube-apiserver", "kube-controller-manager", "kubectl"}
    assert names == {
        Tier.CONTROL: control,
        Tier.KWOK: {*control, "kube-scheduler", "kwok"},
        Tier.FULL: {*control, "kube-scheduler", "kubelet", "kube-proxy", "coredns"},
    }


def test_programs_that_are_there_are_not_built_again(tmp_path: Path) -> None:
    """With every program in place nothing is reported and no compiler is asked for."""
    target = binaries.folder(tmp_path)
    target.mkdir(parents=True)
    for tool in binaries.tools(Tier.CONTROL):
        (target / tool.name).touch()
    said: list[str] = []

    assert binaries.build(tmp_path, Tier.CONTROL, said.append) == target
    assert said == []


def test_folder_carries_version_and_sources(tmp_path: Path) -> None:
    """The folder's name has the version that a reader looks for, below the cache that was given."""
    folder = binaries.folder(tmp_path)

    version = binaries.pinned_version("k8s.io/kubernetes").removeprefix("v")
    assert folder.parent.parent == tmp_path / f"k8s-{version}"


@pytest.mark.parametrize("module", ["api", "apimachinery", "client-go"])
def test_helm_is_made_of_what_the_cluster_is_made_of(module: str) -> None:
    """The client library has one version in both modules: what is compiled for the one serves the other."""
    name = f"k8s.io/{module}"
    assert binaries.pinned_version(name, helm.MODULE) == binaries.pinned_version(name)
