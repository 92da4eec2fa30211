"""The figures of a thousand creations are read from what the processes wrote."""

from benchmarks.creates.load import Load
from benchmarks.creates.measure import Run, figures
from chalicelib.domain.organisations.quotas import Holder, Scope

LOAD = Load(creates=3, people=1, seconds=1.0)
SERVER = {
    "accepted": {"ws-a": 1.0, "ws-b": 2.0, "ws-c": 3.0},
    "answered": [1.5, 4.0],
    "took": [0.1, 0.2],
    "processor_seconds": 1.0,
}
PEOPLE = {
    "statuses": [201, 201, 429],
    "creations": [0.01, 0.02, 0.03],
    "late": [0.0, 0.001, 0.0],
    "no_ops": [0.001],
}
AGENT = {"ordered": {"ws-a": 0, "ws-b": 1}, "answers": 2, "most": 1, "left": 0}


def told(run: Run) -> dict[str, float]:
    """Each figure by its name."""
    return {each.name: each.samples.median for each in figures(run, LOAD, "x")}


def test_an_order_leaves_with_the_answer_that_the_agent_names() -> None:
    """A wait is from the server's acceptance to the server's answer, matched by workspace."""
    found = told(Run(SERVER, PEOPLE, AGENT, {}))
    assert found["x: accepted to the order leaving, p50"] == 0.5
    assert found["x: accepted to the order leaving, p99"] == 2.0


def test_what_went_wrong_misses_its_goal() -> None:
    """A refusal, a workspace that no order came for, and a wrong counter are each counted against 0."""
    wrong = {Holder(Scope.USER, "usr-a"): 1}
    missed = {each.name: each for each in figures(Run(SERVER, PEOPLE, AGENT, wrong), LOAD, "x")}
    for name in (
        "x: creations refused",
        "x: creations without an order",
        "x: counters of quotas that are wrong",
    ):
        assert (missed[name].samples.median, missed[name].is_met) == (1, False), name


def test_conflicts_are_told_where_they_can_be() -> None:
    """DynamoDB Local has none: only the run with the rule says how many there were."""
    plain = told(Run(SERVER, PEOPLE, AGENT, {}))
    ruled = told(Run(SERVER | {"conflicts": 7, "writes": 9}, PEOPLE, AGENT, {}))
    assert "x: transactions that conflicted" not in plain
    assert ruled["x: transactions that conflicted"] == 7
