"""CloudWatch's metrics by lines of the log, in its embedded metric format: no call, and no waiting.

The format: "Specification: Embedded metric format" in Amazon CloudWatch's user guide. CloudWatch Logs
reads what ``_aws`` names out of each line, a second or a minute later.
"""

import time
from collections.abc import Callable
from typing import Any

from chalicelib.log import Field, log
from chalicelib.ports.metrics import Figures, Metric

NAMESPACE = "Berth"


class EmbeddedMetrics:
    """``stage`` is a dimension of every metric."""

    is_kept = True

    def __init__(self, stage: str, now: Callable[[], float] = time.time) -> None:
        self._stage = stage
        self._now = now
        self._directives: dict[tuple[Metric, ...], list[dict[str, Any]]] = {}

    def record(self, event: str, figures: Figures, surface: str = "", **fields: Field) -> None:
        """See the port."""
        members: dict[str, Any] = {"Stage": self._stage}
        if surface:
            members["Surface"] = surface
        for metric, value in figures.items():
            members[metric.name] = value
        members["_aws"] = {
            "Timestamp": int(self._now() * 1000),
            "CloudWatchMetrics": self._described(tuple(figures)),
        }
        log(event, members, **fields)

    def _described(self, metrics: tuple[Metric, ...]) -> list[dict[str, Any]]:
        """Return what is to be read out; few lines differ in it."""
        if metrics not in self._directives:
            halves = (
                [m for m in metrics if m.by_surface],
                [m for m in metrics if not m.by_surface],
            )
            self._directives[metrics] = [
                _directive(half, dimensions)
                for half, dimensions in zip(halves, (["Stage", "Surface"], ["Stage"]), strict=True)
                if half
            ]
        return self._directives[metrics]


def _directive(metrics: list[Metric], dimensions: list[str]) -> dict[str, Any]:
    return {
        "Namespace": NAMESPACE,
        "Dimensions": [dimensions],
        "Metrics": [{"Name": metric.name, "Unit": metric.unit} for metric in metrics],
    }
