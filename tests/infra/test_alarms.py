"""Every alarm looks at a figure that somebody writes, has a runbook, and fires when it shall."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

import jsonschema
import pytest

from app import sweep
from berth_local.schedule import scheduled_event
from chalicelib import bootstrap
from chalicelib.adapters.metrics import NAMESPACE, EmbeddedMetrics
from chalicelib.api.schedule import SweepFailed
from chalicelib.ports.metrics import METRICS
from chalicelib.ports.store import Item, Key, Page, Put, StoreBusy
from chalicelib.records import keys
from chalicelib.usecases.agents.register import AgentWithToken
from tests.alarms import Sample, samples_of, state_of
from tests.api.world import World
from tests.doubles import WatchedStore
from tests.infra.test_templates import resources

ROOT = Path(__file__).parents[2]
STAGE = "prod"
OF_AWS = {
    "AWS/ApiGateway": ({"5XXError"}, {"ApiName", "Stage"}),
    "AWS/Lambda": ({"Errors", "Throttles", "Duration"}, {"FunctionName"}),
    "AWS/DynamoDB": ({"ReadThrottleEvents", "WriteThrottleEvents"}, {"TableName"}),
}
"""What AWS's own services write, of which an alarm may ask for the metrics by these dimensions."""
FORMAT = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "additionalProperties": False,
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "maxItems": 30,
                                    "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name", "Unit"],
                                    "additionalProperties": False,
                                    "properties": {
                                        "Name": {"type": "string", "maxLength": 1024},
                                        "Unit": {"enum": ["Count", "Milliseconds", "Seconds"]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
"""What the specification of the embedded metric format asks of a line, as far as we use it."""


def alarms() -> dict[str, dict[str, Any]]:
    """Return the alarms of a stage that sweeps, by the end of their names."""
    found = {}
    for each in resources("operations.yaml").values():
        if each["Type"] != "AWS::CloudWatch::Alarm":
            continue
        properties = {
            **each["Properties"],
            "MetricName": each["Properties"]["MetricName"].replace("${Stage}", STAGE),
            "Dimensions": [
                {"Name": name, "Value": STAGE if value == "Stage" else value}
                for name, value in (
                    (one["Name"], one["Value"]) for one in each["Properties"].get("Dimensions", ())
                )
            ],
        }
        found[properties["AlarmName"].removeprefix("berth-${Stage}-")] = properties
    return found


ALARMS = alarms()


class Operated:
    """An installation whose lines are kept, on a clock that a test moves."""

    def __init__(self, world: World, capsys: pytest.CaptureFixture[str]) -> None:
        self.world = world
        self._capsys = capsys
        self._lines: list[str] = []
        world.ports = replace(world.ports, metrics=EmbeddedMetrics(STAGE, world.clock.now))
        bootstrap.use(world.ports)

    def over(self, store: WatchedStore) -> None:
        """Run on another store from now on."""
        bootstrap.use(replace(self.world.ports, store=store))

    def minutes(self, count: int, act: Callable[[], object]) -> None:
        """Let time pass, and do the same in each minute."""
        for _ in range(count):
            self.world.clock.advance(60)
            act()

    def sweep(self) -> None:
        """Let the rule call the sweep, whatever comes of it."""
        with suppress(SweepFailed):
            sweep(scheduled_event("sweep", datetime.now(UTC)), None)

    def reconcile(self, agent: AgentWithToken, **fields: object) -> int:
        """Let an agent ask; return the status of the answer."""
        body = {"update_type": "partial", "epoch": 1, "instance": "i", **fields}
        return self.world.call(
            "POST", "/agent/v1/reconcile", token=agent.token, body=body
        ).status_code

    def asks_and_sweeps(self, agent: AgentWithToken) -> None:
        """A minute of an installation without people."""
        self.reconcile(agent)
        self.sweep()

    def lines(self) -> list[str]:
        """Return all that was written so far."""
        self._lines += self._capsys.readouterr().out.splitlines()
        return self._lines

    def raised(self) -> set[str]:
        """Return the alarms that CloudWatch would raise now."""
        samples = [*samples_of(self.lines()), *self._filtered()]
        now = self.world.clock.now()
        return {name for name, alarm in ALARMS.items() if state_of(alarm, samples, now) == "ALARM"}

    def _filtered(self) -> Iterator[Sample]:
        """What the metric filter of the template counts."""
        made = resources("operations.yaml")["Misconfigurations"]["Properties"]
        found = re.fullmatch(r'{ \$\.(\w+) = "(\w+)" }', made["FilterPattern"])
        assert found is not None
        (counted,) = made["MetricTransformations"]
        name = counted["MetricName"].replace("${Stage}", STAGE)
        for line in self.lines():
            if json.loads(line).get(found[1]) == found[2]:
                value = float(counted["MetricValue"])
                at = self.world.clock.now() - 60
                yield Sample(at, counted["MetricNamespace"], name, frozenset(), value)


@pytest.fixture
def operated(capsys: pytest.CaptureFixture[str]) -> Iterator[Operated]:
    """A fresh installation."""
    world = World()
    yield Operated(world, capsys)
    world.close()


@pytest.fixture
def agent(operated: Operated) -> AgentWithToken:
    """An agent that has introduced itself."""
    made = operated.world.agent()
    hello = {"epoch": 1, "instance": "i", "namespace": "berth"}
    answer = operated.world.call("POST", "/agent/v1/prerequisites", token=made.token, body=hello)
    assert answer.status_code == 200
    return made


def test_every_alarm_is_heard() -> None:
    """Each alarm tells the topic, and its words lead to the runbook of its name."""
    for name, alarm in ALARMS.items():
        assert alarm["AlarmActions"] == ["Alarms"]
        words, _, link = alarm["AlarmDescription"].rpartition(" ")
        assert len(words) > 30
        assert link == f"docs/how-to/runbooks.md#{name}"


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm() -> None:
    """The page has a section for each alarm, no other, and each says the four things that are asked at night."""
    page = (ROOT / "docs/how-to/runbooks.md").read_text(encoding="utf-8")
    sections = re.split(r"^## ", page, flags=re.MULTILINE)[1:]
    runbooks = {section.partition("\n")[0]: section for section in sections}

    assert runbooks.keys() - {"First, for any alarm"} == ALARMS.keys()
    for name in ALARMS:
        for question in ("What it means", "Look", "Mend", "It is over when"):
            assert f"**{question}.**" in runbooks[name], (name, question)


def test_every_alarm_looks_at_what_somebody_writes() -> None:
    """Name and dimensions of each alarm's metric are of our table, of a filter, or of AWS's own."""
    ours = {metric.name: metric for metric in METRICS}
    filtered = {
        each["MetricName"].replace("${Stage}", STAGE)
        for one in resources("operations.yaml").values()
        if one["Type"] == "AWS::Logs::MetricFilter"
        for each in one["Properties"]["MetricTransformations"]
    }
    for name, alarm in ALARMS.items():
        dimensions = {each["Name"] for each in alarm["Dimensions"]}
        metric = alarm["MetricName"]
        if alarm["Namespace"] != NAMESPACE:
            names, asked = OF_AWS[alarm["Namespace"]]
            assert (metric in names, dimensions) == (True, asked), name
        elif metric in filtered:
            assert dimensions == set(), name
        else:
            wanted = {"Stage", "Surface"} if ours[metric].by_surface else {"Stage"}
            assert dimensions == wanted, name


def test_only_the_sweeps_silence_is_an_alarm() -> None:
    """That nothing was swept is found by the absence of its figures, and only by that."""
    silent = {name for name, alarm in ALARMS.items() if alarm["TreatMissingData"] == "breaching"}

    assert silent == {"sweep-missing"}


EXAMPLES = [
    (3, "0-X-X", "OK", "OK"),
    (3, "----0", "OK", "OK"),
    (3, "-----", "ALARM", "OK"),
    (3, "0XX-X", "ALARM", "ALARM"),
    (3, "--X--", "ALARM", "OK"),
    (2, "0-X-X", "ALARM", "ALARM"),
    (2, "00X0X", "ALARM", "ALARM"),
    (2, "0-X--", "ALARM", "OK"),
    (2, "----0", "ALARM", "OK"),
    (2, "----X", "ALARM", "OK"),
]
"""Of "Configuring how CloudWatch alarms treat missing data": datapoints to alarm of three periods, the
datapoints (X breaches), and the state where missing data is breaching and where it is not."""


@pytest.mark.parametrize("datapoints, points, breaching, not_breaching", EXAMPLES)
def test_our_reading_of_alarms_is_that_of_the_guide(
    datapoints: int, points: str, breaching: str, not_breaching: str
) -> None:
    """The evaluation that these tests trust says what the examples of CloudWatch's user guide say."""
    samples = [
        Sample(60.0 * number, "N", "M", frozenset(), 1.0 if point == "X" else 0.0)
        for number, point in enumerate(points)
        if point != "-"
    ]
    alarm = {
        "Namespace": "N",
        "MetricName": "M",
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 3,
        "DatapointsToAlarm": datapoints,
        "Threshold": 1,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    }

    states = [
        state_of({**alarm, "TreatMissingData": missing}, samples, 60.0 * len(points))
        for missing in ("breaching", "notBreaching")
    ]

    assert states == [breaching, not_breaching]


def test_a_quiet_hour_raises_nothing(operated: Operated, agent: AgentWithToken) -> None:
    """While people, an agent and the sweep do what they do, there is no alarm."""
    token = operated.world.token()

    def happens() -> None:
        assert operated.reconcile(agent) == 200
        assert operated.world.call("GET", "/api/v1/me", token=token).status_code == 200
        operated.sweep()

    operated.minutes(60, happens)

    assert operated.raised() == set()


def test_every_line_with_figures_is_in_the_documented_format(
    operated: Operated, agent: AgentWithToken
) -> None:
    """Requests and sweeps write each metric of the table, with its unit and its dimensions, and no other."""
    operated.reconcile(agent)
    operated.world.call("GET", "/sign-in/callback")
    operated.sweep()

    lines = [json.loads(line) for line in operated.lines()]

    seen = {}
    for line in (line for line in lines if "_aws" in line):
        jsonschema.validate(line, FORMAT)
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for metric in directive["Metrics"]:
                assert isinstance(line[metric["Name"]], int | float)
                seen[metric["Name"]] = (metric["Unit"], directive["Dimensions"])
    assert seen == {
        metric.name: (metric.unit, [["Stage", "Surface"] if metric.by_surface else ["Stage"]])
        for metric in METRICS
    }


class Away(WatchedStore):
    """A store that does not answer."""

    def get(self, key: Key) -> NoReturn:
        raise StoreBusy("no answer")

    def query(self, partition: str, **how: Any) -> Page:
        raise StoreBusy("no answer")


def test_a_store_that_is_away_is_an_alarm(operated: Operated, agent: AgentWithToken) -> None:
    """Agents are answered 503, and no sweep ends: both alarms are raised, and end with the fault."""

    def happens() -> None:
        operated.asks_and_sweeps(agent)

    operated.minutes(30, happens)
    assert operated.raised() == set()
    operated.over(Away(operated.world.database))
    operated.minutes(30, happens)
    during = operated.raised()
    operated.over(operated.world.store)
    operated.minutes(30, happens)

    assert during == {"agents-refused", "sweep-missing"}
    assert operated.raised() == set()


def test_a_lost_agent_is_an_alarm(operated: Operated, agent: AgentWithToken) -> None:
    """An agent that falls silent is late, then lost; once it is heard again the alarm ends."""
    assert operated.reconcile(agent) == 200
    operated.minutes(10, operated.sweep)
    assert operated.raised() == set()
    operated.minutes(15, operated.sweep)
    lost = operated.raised()
    assert operated.reconcile(agent) == 200
    operated.minutes(3, operated.sweep)
    operated.minutes(10, lambda: operated.asks_and_sweeps(agent))

    assert lost == {"agents-lost"}
    assert operated.raised() == set()


def test_a_wish_that_nobody_confirms_is_an_alarm(operated: Operated, agent: AgentWithToken) -> None:
    """An agent that asks, and never says that it did as it was told, is found by the age of the wish."""
    operated.world.workspace(agent)

    operated.minutes(25, lambda: operated.asks_and_sweeps(agent))

    assert operated.raised() == {"intents-late"}


def test_rows_that_the_sweep_cannot_read_are_an_alarm(
    operated: Operated, agent: AgentWithToken
) -> None:
    """A spoiled row is met by each sweep, which goes on to its end."""
    workspace = operated.world.workspace(agent)
    org, now = operated.world.organisation, operated.world.clock.now()
    spoiled = Item(keys.workspace(org, workspace["id"]), {"v": 1, "agent": ["nonsense"]})
    operated.world.store.write(Put(spoiled))
    due = keys.due(now, org, agent.agent.id, workspace["id"])
    operated.world.store.write(Put(Item(due, {"v": 1})))

    operated.minutes(25, operated.sweep)

    assert "sweep-rows" in operated.raised()
    assert "sweep-missing" not in operated.raised()


class Slow(WatchedStore):
    """A store that takes its time."""

    clock: Any = None

    def get(self, key: Key) -> Item | None:
        self.clock.pause(1.5)
        return super().get(key)


def test_people_who_wait_are_an_alarm(operated: Operated) -> None:
    """Requests that take seconds are found by their percentile."""
    token, store = operated.world.token(), Slow(operated.world.database)
    store.clock = operated.world.clock
    operated.over(store)

    operated.minutes(25, lambda: operated.world.call("GET", "/api/v1/me", token=token))

    assert "people-slow" in operated.raised()


def test_refused_sign_ins_are_an_alarm(operated: Operated) -> None:
    """A dozen callbacks that prove nothing are found."""
    operated.minutes(25, lambda: [operated.world.call("GET", "/sign-in/callback") for _ in "abc"])

    assert "sign-ins" in operated.raised()


def test_wrong_settings_are_an_alarm(operated: Operated, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process without its settings says so, and the filter on its log finds the line."""
    monkeypatch.setenv("BERTH_STORE", "nowhere")
    bootstrap.use(None)
    assert operated.world.call("GET", "/healthz").status_code == 500
    operated.world.clock.advance(120)

    assert "misconfigured" in operated.raised()
