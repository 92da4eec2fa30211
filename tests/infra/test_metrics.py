"""The reference page says which metrics and lines there are, and what they cost."""

import json
import re
from pathlib import Path

import pytest

from chalicelib.adapters.metrics import EmbeddedMetrics
from chalicelib.ports.metrics import CLIENT_ERRORS, LATENCY, METRICS, SERVER_ERRORS
from tests.infra.test_templates import resources

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/reference/metrics.md").read_text(encoding="utf-8")


def test_page_has_the_table_of_the_code() -> None:
    """Names, units, dimensions and meanings of the page are those of the one table."""
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\w, ]+) \| (.+) \|$", PAGE, re.MULTILINE)

    assert rows == [
        (each.name, each.unit, "Stage, Surface" if each.by_surface else "Stage", each.meaning)
        for each in METRICS
    ]


def test_page_counts_what_is_paid_for() -> None:
    """The number of metrics with their dimensions, their price, and that of the alarms are what the code makes."""
    paid = sum(2 if each.by_surface else 1 for each in METRICS)
    alarms = [
        each
        for each in resources("operations.yaml").values()
        if each["Type"] == "AWS::CloudWatch::Alarm"
    ]
    how_to = (ROOT / "docs/how-to/deploy.md").read_text(encoding="utf-8")

    assert f"{paid} of an undivided stage" in PAGE
    assert f"are ${paid * 0.30:.2f};" in PAGE
    assert f"beyond the ten that are free | {paid * 0.30:.2f} |" in how_to
    assert f"alarms, beyond the ten that are free | {len(alarms) * 0.10:.2f} |" in how_to


def test_page_knows_how_long_a_line_is(capsys: pytest.CaptureFixture[str]) -> None:
    """The bytes that the format adds to a request's line are those of the page, within a tenth."""
    figures = {CLIENT_ERRORS: 0, SERVER_ERRORS: 0, LATENCY: 1.5}
    EmbeddedMetrics("dev").record("request", figures, "people")
    line = json.loads(capsys.readouterr().out)
    added = len(json.dumps({"_aws": line["_aws"], "Stage": "dev"}, separators=(",", ":")))
    said = re.search(r"some (\d+) bytes longer", PAGE)

    assert said is not None
    assert abs(added - int(said[1])) < added / 10


def test_page_names_every_line() -> None:
    """Each event that the control plane writes has a row, and no other has."""
    written = {
        event
        for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]
        for event in re.findall(r'\b(?:log|record)\(\s*"([a-z-]+)"', path.read_text("utf-8"))
    }
    section = PAGE.split("\n## Metrics\n")[0]
    rows = re.findall(r"^\| (`.+?`) \|", section, re.MULTILINE)

    assert {name for row in rows for name in re.findall(r"`([a-z-]+)`", row)} == written
