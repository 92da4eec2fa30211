"""What `make smoke` says of the emulated deployment: what it can see, and what only AWS can show."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from berth_local.aws import stacks
from berth_local.aws.deployment import Deployment
from berth_local.aws.installation import REPOSITORY
from berth_local.schedule import scheduled_event
from berth_local.waiting import wait_until
from infra.smoke.checks import CHECKS
from tests.alarms import samples_of

pytestmark = pytest.mark.deploy

HERE = {
    "stacks": "NOT SEEN",  # HAProxy stands for the domain's
    "denials": "left",
    "alarm-drill": "left",
    "metrics": "NOT SEEN",  # none is made of a line
    "log-filter": "not answered here",
    "starts": "NOT SEEN",  # the Runtime Interface Emulator reports all memory as used
    "request-ids": "NOT SEEN",  # the emulator's header has another id than its event
    "kept": "NOT SEEN",  # nor does it make of a template what restores a table
}
"""What the emulator cannot show."""


def test_the_lines_of_a_deployed_function_are_metrics_of_its_stage(
    deployment: Deployment, owner: httpx.Client
) -> None:
    """What a person asks for is a line of the function's log, as one object, with figures that CloudWatch reads."""
    asked = owner.get("/api/v1/me").raise_for_status().headers["x-request-id"]
    logs, found = deployment.aws.client("logs"), list[str]()

    def is_there() -> bool:
        events = logs.filter_log_events(logGroupName=f"/aws/lambda/berth-{deployment.name}")[
            "events"
        ]
        found[:] = [each["message"] for each in events if asked in each["message"]]
        return any(each.startswith("{") for each in found)

    wait_until(is_there, f"no line has the id {asked}", seconds=20)

    (line,) = (each for each in found if each.startswith("{"))
    dimensions = frozenset({("Stage", deployment.name), ("Surface", "people")})
    told = {sample.name: sample for sample in samples_of([line])}
    assert json.loads(line)["function"] == f"berth-{deployment.name}"
    assert told["Latency"].value > 0
    assert {sample.dimensions for sample in told.values()} == {dimensions}


def test_what_only_aws_can_show_is_said_to_be(deployment: Deployment, owner: httpx.Client) -> None:
    """Each check says what it saw here; what the emulator cannot do is not taken for seen."""
    stacks.create_operations(deployment.aws, deployment.name)
    owner.get("/api/v1/me").raise_for_status()
    event = json.dumps(scheduled_event("rule", datetime.now(UTC))).encode()
    deployment.aws.client("lambda").invoke(
        FunctionName=f"berth-{deployment.name}-sweep", Payload=event
    )
    environment = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": str(deployment.authority.certificate),
        **deployment.aws.environment(),
    }
    words = [sys.executable, "-m", "infra.smoke", deployment.name, "--patience", "20"]
    words += ["--folder", str(deployment.project.folder / ".chalice")]

    ran = subprocess.run(
        words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )

    _, warning, *lines = ran.stdout.splitlines()
    told = {line[19:35].strip(): line[:19].strip() for line in lines}
    assert "is no proof of it" in warning
    assert told == {name: HERE.get(name, "seen") for name in CHECKS}, ran.stdout + ran.stderr
    assert ran.returncode == 1
