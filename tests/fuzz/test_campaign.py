"""A short campaign holds the promises, a broken one would be told, and a seed always means the same devfile."""

from dataclasses import replace

from chalicelib.devfile import read
from fuzz.campaign import Tally, one, run
from fuzz.samples import sample


def test_a_short_campaign_breaks_no_promise() -> None:
    """Of each kind there are some, most valid ones are accepted, and none is answered late or with a crash."""
    tally = run(range(300))
    assert tally.broken == {}
    assert tally.outcomes["valid: accepted"] > tally.outcomes["valid: refused"] > 0
    assert min(tally.outcomes[f"{kind}: refused"] for kind in ("nearly", "hostile")) > 20
    assert len(tally.accepted) > 50


def test_a_seed_is_a_devfile() -> None:
    """The same number gives the same text, another one another."""
    assert sample(7) == sample(7)
    assert sample(7).text != sample(8).text


def test_a_seed_is_the_same_devfile_each_time() -> None:
    """What was made and damaged before leaves no trace in a later devfile."""
    first = [sample(seed) for seed in range(1_600)]
    assert [sample(seed) for seed in range(1_600)] == first


def test_a_crash_is_told_with_its_seed() -> None:
    """What gets out of the reader is a broken promise, not the end of the campaign."""
    tally = Tally()
    crashing = replace(sample(0), seed=4711, text="text", files=None)  # type: ignore[arg-type]  # on purpose
    one(replace(crashing, text=b"schemaVersion: 2.2.0\nparent: {uri: a}\n"), tally)
    assert "TypeError" in tally.broken[4711]


def test_what_is_accepted_is_accepted_again() -> None:
    """The seeds that a campaign gives for manifests are of devfiles that can be read."""
    for seed in run(range(60)).accepted:
        assert read(sample(seed).text, sample(seed).reading()).main
