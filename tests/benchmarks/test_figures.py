import json

import pytest

from benchmarks import devfile
from benchmarks.create_to_running import Run, figures
from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.installation import Cost
from benchmarks.package import own_share
from benchmarks.table import as_json, markdown

IMPORTTIME = """\
import time: self [us] | cumulative | imported package
import time:       300 |        300 |   chalice
import time:        60 |         60 |     chalicelib.wire
import time:        40 |        100 |   chalicelib
import time:       100 |        500 | app
"""


def a_run(**seconds: float) -> Run:
    """A run in which these moments came so many seconds after the wish."""
    moments = {"accepted": 0.1, "Deployment there": 0.2, "Deployment available": 0.3}
    return Run(seen=moments | seconds)


def test_samples_know_their_middle_and_their_ends() -> None:
    """The median of an even number of values lies between the two in the middle."""
    samples = Samples.of([4, 1, 3, 100])
    assert (samples.median, samples.smallest, samples.largest) == (3.5, 1, 100)


def test_nothing_measured_is_no_figure() -> None:
    """A benchmark without a value fails; it does not publish a zero."""
    with pytest.raises(ValueError, match="nothing was measured"):
        Samples.of([])


def test_a_figure_stands_beside_the_median_of_its_peer() -> None:
    """The ratio is of the medians, so that one slow run decides nothing."""
    figure = Figure("f", "s", Samples.of([1, 3, 90]), Peer("p", Samples.of([2, 2, 50])))
    assert figure.ratio == 1.5
    assert figure.is_met is None


@pytest.mark.parametrize("middle, met", [(3, True), (3.1, False)])
def test_a_goal_is_met_up_to_its_limit(middle: float, met: bool) -> None:
    """At most means that the limit itself is allowed."""
    assert Figure("f", "s", Samples.of([middle]), goal=Goal("at most", 3)).is_met is met


def test_beside_nothing_there_is_no_ratio() -> None:
    """A peer that took no time at all is no measure."""
    assert Figure("f", "s", Samples.of([1]), Peer("p", Samples.of([0]))).ratio is None


def test_the_table_names_a_missed_goal_and_the_spread() -> None:
    """A reader sees median, smallest, largest, ratio, and NO where the promise is not kept."""
    missed = Figure(
        "f", "s", Samples.of([1, 2, 4]), Peer("p", Samples.of([0.5])), Goal("at most", 1)
    )
    row = markdown([missed]).splitlines()[2]
    assert [cell.strip() for cell in row.strip("|").split("|")] == [
        "f", "s", "2 (1 to 4)", "p", "0.5", "4", "at most: 1", "NO",
    ]  # fmt: skip


def test_the_json_keeps_every_value() -> None:
    """Another program can compute other statistics of the same run."""
    told = json.loads(json.dumps(as_json(Figure("f", "s", Samples.of([2, 1, 4])))))
    assert told["values"] == [2, 1, 4]
    assert told["median"] == 2
    assert told["ratio"] is None


def test_costs_are_differences_and_shares() -> None:
    """What a request cost is what was spent after it less what was spent before it."""
    before, after = Cost(1, 2, 3, 0.5, 4), Cost(5, 12, 3, 2.5, 104)
    assert (after - before) / 2 == Cost(2, 5, 0, 1, 50)


def test_create_to_running_allows_half_as_much_again_and_a_poll() -> None:
    """The goal follows kubectl's median of the same run: 1.5 times it, plus one second."""
    ours = [a_run(running=seconds) for seconds in (4.0, 4.1, 90.0)]
    theirs = [a_run(running=seconds) for seconds in (1.0, 2.0, 3.0)]
    whole, *_ = figures(ours, theirs)
    assert whole.goal is not None
    assert whole.goal.at_most == 4.0
    assert whole.is_met is False


def test_a_moment_is_noted_when_it_first_came() -> None:
    """Looking again later does not make it later."""
    run = Run()
    assert not run.see("running", if_=False)
    run.see("running")
    first = run.seen["running"]
    run.see("running")
    assert run.seen == {"running": first}


def test_the_share_of_our_modules_counts_each_module_once() -> None:
    """Self times are summed; cumulative ones would count a module again in each importer."""
    assert own_share(IMPORTTIME) == 200 / 500


def test_a_check_of_a_devfile_is_judged_by_the_middle_and_by_all() -> None:
    """One slow file misses no goal of the typical one, but counts in what a core does in a second."""
    ours = [Samples.of([2.0, 9.0, 2.0]), Samples.of([3.0]), Samples.of([40.0])]
    typical, slowest, each, hostile = devfile.figures(ours, [Samples.of([4.0])] * 3)
    assert (typical.samples.median, typical.is_met) == (3.0, True)
    assert slowest.samples.median == 40.0
    assert (each.samples.median, each.is_met) == (15.0, False)
    assert hostile.is_met
