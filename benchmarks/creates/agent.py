"""The agent: it asks as the real one does, and its cluster is on paper.

    python -m benchmarks.creates.agent < part.json

What is ordered is reported as starting with the next question and as running with the one after.
Ends once all is running and nothing more is ordered, or after four times the load's seconds, and
writes as JSON which answer, counted from 0, brought the first order of each workspace.
"""

import json
import sys
import threading
import time
from dataclasses import dataclass, field
from typing import Any

import httpx

from benchmarks.creates.load import Part, given
from benchmarks.reconcile import running_report
from berth_agent.pacing import SPACING

Json = dict[str, Any]


@dataclass(slots=True)
class Cluster:
    """``ordered``: by workspace, the answer that brought the first order."""

    part: Part
    http: httpx.Client
    intent: int = -1
    version: int = 0
    answers: int = 0
    most: int = 0
    ordered: dict[str, int] = field(default_factory=dict)
    starting: list[Json] = field(default_factory=list)
    reports: dict[str, Json] = field(default_factory=dict)

    def ask(self, cursor: str | None) -> Json:
        """Ask once, take up what is answered, and return it."""
        body = {
            "update_type": "partial",
            "epoch": 1,
            "instance": "benchmark",
            "intent": self.intent,
            "reports": list(self.reports.values())[:500] if cursor is None else [],
            "cursor": cursor,
        }
        answer = self.http.post("/agent/v1/reconcile", json=body)
        answer.raise_for_status()
        told: Json = answer.json()
        self._obey(told)
        self.answers += 1
        self.intent = told["intent"]
        return told

    def _obey(self, told: Json) -> None:
        for receipt in told["receipts"]:
            known = self.reports.get(receipt["workspace_id"])
            if known and known["resource_version"] == receipt["resource_version"]:
                del self.reports[receipt["workspace_id"]]
        for started in self.starting:
            self._report(started)
        self.starting = []
        for order in told["orders"]:
            self.ordered.setdefault(order["workspace_id"], self.answers)
            running = running_report(order, 0)
            self._report(running | {"deployment": running["deployment"] | {"available": 0}})
            self.starting.append(running)
        self.most = max(self.most, len(told["orders"]))

    def _report(self, report: Json) -> None:
        self.version += 1
        self.reports[report["workspace_id"]] = report | {"resource_version": self.version}


def main() -> None:
    """Ask until all is running."""
    part = given()
    pause = threading.Event()
    ends = part.begins + 4 * part.load.seconds
    headers = {"Authorization": f"Bearer {part.agent_token}"}
    with httpx.Client(base_url=part.url, headers=headers, timeout=30) as http:
        cluster = Cluster(part, http)
        while time.monotonic() < ends:
            told = cluster.ask(None)
            while told["more"]:
                told = cluster.ask(told["cursor"])
            if len(cluster.ordered) >= part.load.creates and not cluster.reports:
                break
            pause.wait(SPACING if cluster.reports else told["next_poll_ms"] / 1000)
    found = {"ordered": cluster.ordered, "answers": cluster.answers, "most": cluster.most}
    json.dump(found | {"left": len(cluster.reports)}, sys.stdout)


if __name__ == "__main__":
    main()
