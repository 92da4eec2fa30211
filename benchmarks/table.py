"""Figures as a Markdown table for people and as JSON for programs."""

from collections.abc import Sequence
from typing import Any

from benchmarks.figures import Figure, Samples

_HEAD = ("figure", "unit", "Berth", "beside it", "", "ratio", "goal", "met")


def markdown(figures: Sequence[Figure]) -> str:
    """A table with a row for each figure: median, and smallest to largest in brackets."""
    rows = [_HEAD, *(_row(figure) for figure in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    rule = "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    return "\n".join([lines[0], rule, *lines[1:]])


def as_json(figure: Figure) -> dict[str, Any]:
    """Everything that was measured of a figure, every value included."""
    peer, goal = figure.peer, figure.goal
    return {
        "name": figure.name,
        "unit": figure.unit,
        **_samples(figure.samples),
        "peer": {"name": peer.name, **_samples(peer.samples)} if peer else None,
        "ratio": figure.ratio,
        "goal": {"words": goal.words, "at_most": goal.at_most, "met": figure.is_met}
        if goal
        else None,
    }


def _row(figure: Figure) -> tuple[str, ...]:
    peer, goal, ratio = figure.peer, figure.goal, figure.ratio
    return (
        figure.name,
        figure.unit,
        _spread(figure.samples),
        peer.name if peer else "",
        _spread(peer.samples) if peer else "",
        "" if ratio is None else _number(ratio),
        f"{goal.words}: {_number(goal.at_most)}" if goal else "",
        {None: "", True: "yes", False: "NO"}[figure.is_met],
    )


def _spread(samples: Samples) -> str:
    middle = _number(samples.median)
    if samples.smallest == samples.largest:
        return middle
    return f"{middle} ({_number(samples.smallest)} to {_number(samples.largest)})"


def _number(value: float) -> str:
    """Three digits that count, more only before the point."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.2f}" if abs(value) >= 1 else f"{value:.3g}"


def _samples(samples: Samples) -> dict[str, Any]:
    return {
        "median": samples.median,
        "smallest": samples.smallest,
        "largest": samples.largest,
        "values": list(samples.values),
    }
