"""The list of what is not proven and the program that looks for it are the same."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from infra.smoke.__main__ import State, main, outcome
from infra.smoke.checks import CHECKS
from infra.smoke.deployed import Deployed, Left, NotSeen

ROOT = Path(__file__).parents[2]
AT = Deployed("dev", ROOT / ".chalice")


def rows() -> list[tuple[str, str, str]]:
    """The list of the page: what is not proven, the check, the step by hand."""
    page = (ROOT / "docs/explanation/deployment.md").read_text(encoding="utf-8")
    section = page.split("\n## Not proven without an account\n")[1]
    found = re.findall(r"^\| (.+?) \| (`[\w-]+`|-) \| (.*?) ?\|$", section, re.MULTILINE)
    assert len(found) == section.count("\n|") - 2, "a row has another form"
    return [(what, check.strip("`"), by_hand) for what, check, by_hand in found]


def test_every_row_has_a_check_or_a_step() -> None:
    """What has no check says what to do by hand."""
    assert [what for what, check, by_hand in rows() if check == "-" and not by_hand] == []


def test_every_check_has_a_row() -> None:
    """The checks of the list are those of the program, in the order in which each is first met or not."""
    assert {check for _, check, _ in rows()} - {"-"} == CHECKS.keys()


def refused(code: str) -> ClientError:
    """What a client raises when it is answered so."""
    answer: Any = {"Error": {"Code": code, "Message": "words"}}
    return ClientError(answer, "TestMetricFilter")


@pytest.mark.parametrize(
    "raised, state",
    [
        (refused("AccessDeniedException"), State.NOT_SEEN),
        (refused("ResourceNotFoundException"), State.NOT_SEEN),
        (refused("UnknownOperationException"), State.NOT_ANSWERED),
        (refused("InvalidAction"), State.NOT_ANSWERED),
        (EndpointConnectionError(endpoint_url="https://nowhere"), State.NOT_SEEN),
        (httpx.ConnectError("nobody"), State.NOT_SEEN),
        (NotSeen("otherwise"), State.NOT_SEEN),
        (Left("first"), State.LEFT),
    ],
)
def test_nothing_passes_silently(raised: Exception, state: State) -> None:
    """What fails, what is left and what is not answered are told apart, and none is taken for seen."""

    def check(_: Deployed) -> str:
        raise raised

    told, words = outcome(check, AT)

    assert told is state
    assert words


def test_stage_that_nobody_wrote_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for a stage that is not in the configuration, or was never written, it asks nobody and says so."""
    for stage in ("nobody-wrote-this", "elsewhere"):
        assert main([stage, "--folder", str(ROOT / ".chalice")]) == 2
        assert "write the stage first" in capsys.readouterr().err
