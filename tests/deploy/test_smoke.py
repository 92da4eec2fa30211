"""What `make smoke` says of the emulated deployment: what it can see, and what only AWS can show."""

import json
import os
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from berth_local.aws import stacks
from berth_local.aws.deployment import STAGE, Deployment
from berth_local.aws.installation import REPOSITORY
from berth_local.schedule import scheduled_event
from infra.smoke.checks import CHECKS

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


def test_what_only_aws_can_show_is_said_to_be(deployment: Deployment, owner: httpx.Client) -> None:
    """Each check says what it saw here; what the emulator cannot do is not taken for seen."""
    stacks.create_operations(deployment.aws, STAGE)
    owner.get("/api/v1/me").raise_for_status()
    event = json.dumps(scheduled_event("rule", datetime.now(UTC))).encode()
    deployment.aws.client("lambda").invoke(FunctionName=f"berth-{STAGE}-sweep", Payload=event)
    environment = {
        "PATH": os.environ["PATH"],
        "SSL_CERT_FILE": str(deployment.authority.certificate),
        **deployment.aws.environment(),
    }
    words = [sys.executable, "-m", "infra.smoke", STAGE, "--patience", "20"]
    words += ["--folder", str(deployment.project.folder / ".chalice")]

    ran = subprocess.run(
        words, cwd=REPOSITORY, env=environment, capture_output=True, text=True, check=False
    )

    _, warning, *lines = ran.stdout.splitlines()
    told = {line[19:35].strip(): line[:19].strip() for line in lines}
    assert "is no proof of it" in warning
    assert told == {name: HERE.get(name, "seen") for name in CHECKS}, ran.stdout + ran.stderr
    assert ran.returncode == 1
