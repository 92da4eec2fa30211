"""What Berth makes of generated devfiles is taken by a real API server."""

import json
from typing import Any

import pytest

from berth_local.cluster.cluster import Cluster
from chalicelib.devfile import read
from chalicelib.usecases.workspaces.preview import preview
from fuzz.campaign import Tally, one
from fuzz.samples import sample
from tests.corpus.test_corpus import show
from tests.corpus.test_manifests import refused

pytestmark = pytest.mark.corpus

WANTED = 2_000
AT_ONCE = 50


def accepted(count: int) -> list[int]:
    """The first seeds whose devfiles become manifests."""
    tally, seed = Tally(), 0
    while len(tally.accepted) < count:
        one(sample(seed), tally)
        seed += 1
    assert tally.broken == {}
    return tally.accepted


def objects_of(seed: int) -> list[dict[str, Any]]:
    """What an agent would apply, but for the namespace."""
    made = sample(seed)
    return list(preview(read(made.text, made.reading()))[1:])


def test_the_server_takes_what_is_generated(
    control_cluster: Cluster, capsys: pytest.CaptureFixture[str]
) -> None:
    """A dry run refuses no object of 2,000 devfiles; what many have alike is asked once."""
    seeds = accepted(WANTED)
    made = sample(seeds[0])
    namespace = preview(read(made.text, made.reading()))[0]
    control_cluster.kubectl("apply", "-f", "-", text_input=json.dumps(namespace))
    different = list(
        {json.dumps(each): each for seed in seeds for each in objects_of(seed)}.values()
    )
    wrong = [
        line
        for start in range(0, len(different), AT_ONCE)
        for line in refused(control_cluster.kubectl, different[start : start + AT_ONCE])
    ]
    show(
        capsys, f"generated: {len(seeds)} devfiles, {len(different)} different objects asked about"
    )
    assert wrong == []
