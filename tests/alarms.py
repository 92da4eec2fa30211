"""What CloudWatch's alarms would say, by the rules of its user guide, on figures that a test has.

No emulator at hand evaluates alarms by them: moto sets states when told to, MiniStack mixes the
dimensions of a metric and knows neither missing data nor datapoints to alarm. This is our reading of the
guide, held to the examples of the guide (`tests/infra/test_alarms.py`); what it says is no word of AWS's.

Covered is what our templates use: static thresholds on one metric, standard periods, missing data that is
breaching or not. An alarm that asks for more is refused with ValueError.
"""

import json
import operator
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Dimensions = frozenset[tuple[str, str]]

_COMPARISONS: Mapping[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanOrEqualToThreshold": operator.le,
    "LessThanThreshold": operator.lt,
}
_STATISTICS: Mapping[str, Callable[[Sequence[float]], float]] = {
    "Sum": sum,
    "Average": lambda values: sum(values) / len(values),
    "Minimum": min,
    "Maximum": max,
    "SampleCount": len,
}
_BEYOND = 2
"""Datapoints that are looked at beyond the evaluation periods, in place of missing ones. How many AWS
takes depends on the period; its examples show two."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one metric, ``at`` in seconds since the epoch."""

    at: float
    namespace: str
    name: str
    dimensions: Dimensions
    value: float


def samples_of(lines: Iterable[str]) -> list[Sample]:
    """Return what CloudWatch Logs reads out of lines in the embedded metric format.

    A target that a line names and has not is a mistake of who wrote it: KeyError.
    """
    found = []
    for text in lines:
        line = json.loads(text)
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", ()):
            for names in directive["Dimensions"]:
                dimensions = frozenset((name, line[name]) for name in names)
                found += [
                    Sample(
                        at=line["_aws"]["Timestamp"] / 1000,
                        namespace=directive["Namespace"],
                        name=metric["Name"],
                        dimensions=dimensions,
                        value=line[metric["Name"]],
                    )
                    for metric in directive["Metrics"]
                ]
    return found


def state_of(alarm: Mapping[str, Any], samples: Iterable[Sample], now: float) -> str:
    """Return `ALARM` or `OK` of an `AWS::CloudWatch::Alarm`, by its properties, at ``now``."""
    period, periods = alarm["Period"], alarm["EvaluationPeriods"]
    points = _points(alarm, samples, period)
    last = int(now // period)  # the period that is not over yet does not count
    recent = [points.get(number) for number in range(last - periods - _BEYOND, last)]
    return _judged(alarm, recent)


def _judged(alarm: Mapping[str, Any], recent: Sequence[float | None]) -> str:
    """Return the state for the datapoints of the evaluation range, oldest first; None is missing."""
    periods, missing = alarm["EvaluationPeriods"], alarm["TreatMissingData"]
    if missing not in ("breaching", "notBreaching"):
        raise ValueError(f"missing data that is {missing} is not known here")
    breaches = _COMPARISONS[alarm["ComparisonOperator"]]
    real = [point for point in recent if point is not None][-periods:]
    count = sum(breaches(point, alarm["Threshold"]) for point in real)
    count += (periods - len(real)) * (missing == "breaching")
    return "ALARM" if count >= alarm.get("DatapointsToAlarm", periods) else "OK"


def _points(alarm: Mapping[str, Any], samples: Iterable[Sample], period: int) -> dict[int, float]:
    dimensions = frozenset((each["Name"], each["Value"]) for each in alarm.get("Dimensions", ()))
    wanted = (alarm["Namespace"], alarm["MetricName"], dimensions)
    values: dict[int, list[float]] = defaultdict(list)
    for sample in samples:
        if (sample.namespace, sample.name, sample.dimensions) == wanted:
            values[int(sample.at // period)].append(sample.value)
    return {number: _statistic(alarm, found) for number, found in values.items()}


def _statistic(alarm: Mapping[str, Any], values: Sequence[float]) -> float:
    if "Statistic" in alarm:
        return _STATISTICS[alarm["Statistic"]](values)
    percentile = re.fullmatch(r"p(\d{1,2}(?:\.\d+)?)", alarm["ExtendedStatistic"])
    if percentile is None:
        raise ValueError(f"the statistic {alarm['ExtendedStatistic']} is not known here")
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * float(percentile[1]) / 100))]
