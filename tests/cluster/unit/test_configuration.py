"""Configuration files and command lines, as the programs will read them."""

import json
import tomllib
from pathlib import Path

import pytest

from berth_local.cluster import components, configuration
from berth_local.cluster.layout import RunFolder, Spec, Tier

FOLDER = RunFolder("x", Path("/runs"))


def test_containerd_configuration_is_toml() -> None:
    """The runtime finds our pause image and the node's network configuration."""
    document = tomllib.loads(configuration.containerd(FOLDER))

    cri = document["plugins"]["io.containerd.grpc.v1.cri"]
    assert cri["sandbox_image"] == "localhost/pause:1"
    assert cri["cni"]["conf_dir"] == "/runs/x/cni/net.d"
    assert document["root"] == "/runs/x/containerd"


def test_pods_live_in_the_clusters_control_group() -> None:
    """The kubelet is told the group that `down` removes."""
    document = json.loads(configuration.kubelet(FOLDER, "/berth-x"))

    assert document["cgroupRoot"] == "/berth-x"
    assert document["authentication"]["anonymous"] == {"enabled": False}


def test_dns_answers_the_names_that_were_given() -> None:
    """Each host has its line, and other names go on to the cluster's own."""
    text = configuration.corefile(FOLDER, {"b.test": "10.123.0.1", "a.test": "10.123.0.2"})

    lines = [line.strip() for line in text.splitlines()]
    block = lines[lines.index("hosts {") :]
    assert block[1:3] == ["10.123.0.2 a.test", "10.123.0.1 b.test"]
    assert "fallthrough" in block[: block.index("}")]


@pytest.mark.parametrize(
    "tier,chosen", [(Tier.CONTROL, True), (Tier.KWOK, False), (Tier.FULL, False)]
)
def test_control_tier_runs_only_the_named_controllers(tier: Tier, chosen: bool) -> None:
    """With the API server alone no controller writes a status that a test has not asked for."""
    command = components.controller_manager(Path("/bin"), FOLDER, tier)

    flags = [word for word in command if word.startswith("--controllers=")]
    assert bool(flags) is chosen
    assert not any("deployment" in flag for flag in flags)


def test_spec_survives_its_journey() -> None:
    """What the boot reads is what the starter wrote."""
    spec = Spec("x", Tier.KWOK, "/bin", ("/a.tar",), {"a.test": "10.0.0.9"}, tied=False)

    assert Spec.from_json(spec.to_json()) == spec
