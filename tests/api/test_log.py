"""Logs are lines of JSON with allow-listed fields."""

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.log import class_of, log, stack_of


def test_a_line_is_one_object(capsys: pytest.CaptureFixture[str]) -> None:
    """A line break in a value cannot make a second line, and long values are cut."""
    log("reconciled", agent_id='ag-1\n{"event": "forged"}', code="x" * 5000, status=None)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1
    written = json.loads(lines[0])
    assert written["agent_id"] == 'ag-1\n{"event": "forged"}'
    assert len(written["code"]) == 1024
    assert "status" not in written


@pytest.mark.parametrize("field", ["body", "token", "headers", "message", "devfile", "value"])
def test_other_fields_are_not_logged(field: str) -> None:
    """A field that is not on the list is refused."""
    with pytest.raises(ValueError, match=field):
        log("event", **{field: "x"})


def test_a_class_has_awss_code_and_its_cause() -> None:
    """What AWS refused is told by its code, and what came of it by class, without the words of either."""
    answer: Any = {"Error": {"Code": "AccessDeniedException", "Message": "hunter2"}}
    denied = ClientError(answer, "Decrypt")
    with pytest.raises(RuntimeError) as raised:
        _fail(denied)
    assert class_of(raised.value) == "RuntimeError from ClientError:AccessDeniedException"


def test_a_stack_has_no_words() -> None:
    """Where an exception came from is told without what it says."""
    with pytest.raises(RuntimeError) as raised:
        _fail()
    told = stack_of(raised.value)
    assert "hunter2" not in told
    assert "test_log.py" in told


def _fail(cause: Exception | None = None) -> None:
    raise RuntimeError("hunter2") from cause
