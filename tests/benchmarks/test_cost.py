"""From what was counted to dollars: the arithmetic of `python -m benchmarks cost`."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from benchmarks.cost import habits as assumed
from benchmarks.cost.counts import Counts, Happening, Point, line, mean
from benchmarks.cost.habits import IN_CLUSTER, PEER, Habits
from benchmarks.cost.month import gigabytes, month
from benchmarks.cost.storage import Stored, size_of
from benchmarks.prices import PRICES, Hardware, billed
from berth_local.aws.usage import NOTHING, Meter, Usage
from berth_proxy.settings import Settings
from chalicelib.devfile.quantities import quantity
from chalicelib.domain.targets.kubernetes.proxy import render_proxy
from chalicelib.usecases.access.authenticate import SEEN_EVERY_SECONDS
from chalicelib.usecases.agents.reconcile import BUSY_POLL_MS
from checks.tree import ROOT
from tests.golden.plans import PROXY

HABITS = Habits()
PERSON_DAYS = 1_000 * 22


def counts_of(**usages: Usage) -> Counts:
    """Counts of which all but the named ones are nothing."""
    return dict.fromkeys(Happening, NOTHING) | {
        Happening[name]: each for name, each in usages.items()
    }


def requests(counts: Counts, habits: Habits = HABITS, idle: Usage = NOTHING) -> dict[str, float]:
    """Return the requests of a month, by what they are for."""
    return {name: used.requests for name, used in month(counts, habits, idle).items()}


@pytest.mark.parametrize(
    "usage, item, dollars",
    [
        (Usage(requests=1e6), "API Gateway", 3.50),
        (Usage(invocations=1e6), "Lambda", 0.20),
        (Usage(calls=100), "Lambda", 16.6667e-6),
        (Usage(reads=1e6), "DynamoDB", 0.125),
        (Usage(writes=1e6), "DynamoDB", 0.625),
        (Usage(keys=1e6), "KMS", 3.00),
        (Usage(queues=1e6), "Amazon SQS", 0.40),
        (Usage(logged=1e9), "logs", 0.50),
        (Usage(answered=1e9), "data out", 0.09),
    ],
)
def test_each_unit_has_its_price(usage: Usage, item: str, dollars: float) -> None:
    """What is used costs what the page's table of prices says, and nothing else is paid for it."""
    found = billed(usage)

    assert found.pop(item) == pytest.approx(dollars)
    assert {name: each for name, each in found.items() if each and name != "logs"} == {}


@pytest.mark.parametrize(
    "happening, purpose, times",
    [
        ("SIGN_IN", "signing in", PERSON_DAYS * 2),
        ("LOOK", "the start page", PERSON_DAYS * 15 * 11),
        ("LIST", "the start page", PERSON_DAYS * 15 * 2),
        ("ENTER", "entering workspaces", PERSON_DAYS * 4),
        ("START", "wishes, with their agents", PERSON_DAYS),
        ("SHOW", "wishes, with their agents", (PERSON_DAYS * 2 + 8_000) * 40),
        ("WAIT", "wishes, with their agents", (PERSON_DAYS * 2 + 8_000) * 20),
        ("CREATE", "wishes, with their agents", 4_000),
        ("RECHECK", "being in workspaces", 4 * 22 * 8 * 120),
        ("RECHECK_EACH", "being in workspaces", 4_000 * 22 * 8 * 120),
        ("FULL_EACH", "agents, idle", 1_000 * 730),
        ("SWEEP", "the sweep", 43_800),
        ("SWEEP_EACH", "the sweep", 43_800 * 1_000),
    ],
)
def test_each_thing_happens_so_often(happening: str, purpose: str, times: float) -> None:
    """A thing that takes one request takes as many in a month as the table of assumptions makes of it."""
    found = requests(counts_of(**{happening: Usage(requests=1)}))

    assert found[purpose] == pytest.approx(times)


def test_agents_cost_by_the_hour_and_not_by_the_person() -> None:
    """Idle agents are paid for each hour of a month, as many as there are clusters."""
    few, many = (
        requests(counts_of(), replace(HABITS, users=users, clusters=3), Usage(requests=65))
        for users in (10, 10_000)
    )

    assert few["agents, idle"] == many["agents, idle"] == 65 * 3 * 730


def test_the_audit_log_grows_and_the_rest_does_not() -> None:
    """Records of all months are stored; everything else is as much as there are people."""
    weighed = Stored(record=1_000, others=50_000)

    first, second = (gigabytes(weighed, 50, replace(HABITS, months=n)) for n in (1, 2))

    assert first == pytest.approx(1e-9 * (1_000 * 1_000 + 1_000 * (PERSON_DAYS * 6 + 8_000)))
    assert second - first == pytest.approx(1e-6 * (PERSON_DAYS * 6 + 8_000))


@pytest.mark.parametrize(
    "value, size",
    [
        ({"S": "äb"}, 3),
        ({"N": "-1234"}, 3),
        ({"BOOL": True}, 1),
        ({"M": {"ab": {"S": "c"}}}, 3 + 1 + 3),
        ({"L": [{"S": "c"}, {"NULL": True}]}, 2 + 2 + 3),
    ],
)
def test_an_item_weighs_what_its_values_do(value: dict[str, object], size: int) -> None:
    """A value has the bytes that DynamoDB's developer guide gives it."""
    assert size_of(value) == size


def test_a_crowd_is_carried_on_in_a_straight_line() -> None:
    """Two sizes give what is used anyhow and what each adds; one size gives nothing, and says so."""
    few, many = (Point(size, Usage(requests=1, reads=5 + 2 * size)) for size in (50, 250))

    assert line(few, many) == (Usage(requests=1, reads=5), Usage(reads=2))
    with pytest.raises(ValueError, match="one size"):
        line(few, few)


def test_a_start_of_a_function_is_no_mean() -> None:
    """What is billed is averaged; of milliseconds the middle counts, among which some are of a start."""
    found = mean(
        [Usage(reads=1, handled=4), Usage(reads=2, handled=900), Usage(reads=3, handled=5)]
    )

    assert (found.reads, found.handled) == (2, 5)


def test_a_meter_reads_each_line_once(tmp_path: Path) -> None:
    """What was taken once does not come again; calls are taken off the time of the function that made them."""
    file = tmp_path / "meter"
    call = {
        "kind": "call",
        "service": "dynamodb",
        "action": "GetItem",
        "milliseconds": 4,
        "reads": 1,
    }
    ended = {"kind": "invocation", "milliseconds": 10, "logged": 700}
    file.write_text("".join(json.dumps(each) + "\n" for each in (call, ended)))
    meter = Meter(file)

    assert meter.take() == Usage(calls=1, reads=1, invocations=1, handled=6, logged=700)
    assert meter.take() == NOTHING


def test_the_cluster_bears_what_the_manifests_request() -> None:
    """Processors and memory that are counted beside the account are those of the chart and of the proxy."""
    values = yaml.safe_load((ROOT / "infra" / "chart" / "values.yaml").read_text())
    (proxy,) = (each for each in render_proxy(PROXY) if each["kind"] == "Deployment")
    containers = proxy["spec"]["template"]["spec"]["containers"]
    requested = [values["agent"], *containers]

    def total(name: str) -> Decimal:
        return sum(
            (quantity(each["resources"]["requests"][name]) or Decimal(0) for each in requested),
            Decimal(0),
        )

    assert float(total("cpu")) == pytest.approx(IN_CLUSTER.vcpus)
    assert float(total("memory")) / 2**30 == pytest.approx(IN_CLUSTER.gigabytes)


def test_the_peer_is_what_its_architecture_says() -> None:
    """The parts of Coder's reference come to 74 processors and 114 GB."""
    assert sum(PEER.values(), Hardware(0, 0)) == Hardware(74, 114)


@pytest.mark.parametrize(
    "row, prices",
    [
        ("API Gateway, REST", [PRICES.request * 1e6]),
        ("Lambda", [PRICES.invocation * 1e6, PRICES.gigabyte_second]),
        ("DynamoDB: a million", [PRICES.read * 1e6, PRICES.write * 1e6]),
        ("KMS", [PRICES.key, PRICES.key_use * 1e4]),
        ("Amazon SQS", [PRICES.question * 1e6]),
        ("CloudWatch Logs", [PRICES.gigabyte_logged]),
        ("CloudWatch: an alarm", [PRICES.alarm, PRICES.metric, PRICES.dashboard]),
        ("data out", [PRICES.gigabyte_out]),
        ("Fargate", [PRICES.vcpu_hour, PRICES.gigabyte_hour]),
    ],
)
def test_the_page_has_the_prices_that_are_reckoned_with(row: str, prices: list[float]) -> None:
    """The table of prices says what the code multiplies by."""
    page = (ROOT / "docs" / "reference" / "cost.md").read_text()
    _, _, table = page.partition("## Prices")
    (found,) = (each for each in table.splitlines() if each.startswith(f"| {row}"))

    assert [float(each) for each in found.split("|")[2].split(";")] == pytest.approx(prices)


def test_intervals_are_those_of_the_code() -> None:
    """How often programs ask is taken from them."""
    settings = Settings("https://berth.example.org", "ag-000000000000", "ws.example.com")

    assert settings.recheck_seconds == assumed.SECONDS_BETWEEN_RECHECKS
    assert BUSY_POLL_MS / 1000 == assumed.SECONDS_BETWEEN_BUSY_POLLS
    assert SEEN_EVERY_SECONDS == assumed.SECONDS_BETWEEN_NOTES
