import re
from pathlib import Path

import pytest
from pydantic import BaseModel, ValidationError

from chalicelib.wire import PROTOCOL, admission, reconcile

PAGE = Path(__file__).parents[2] / "docs/reference/wire.md"
MESSAGES = {
    name: value
    for module in (admission, reconcile)
    for name, value in vars(module).items()
    if isinstance(value, type) and issubclass(value, BaseModel) and value.model_fields
}


def listed() -> dict[str, list[str]]:
    """Return the fields that the reference page lists, by message."""
    sections = re.split(r"^### ", PAGE.read_text("utf-8"), flags=re.MULTILINE)[1:]
    return {
        section.split("\n", 1)[0]: re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE)
        for section in sections
    }


def test_reference_lists_every_field_of_every_message() -> None:
    """The page that says who reads a field has each field of the wire, and no other."""
    assert listed() == {name: list(model.model_fields) for name, model in MESSAGES.items()}


@pytest.mark.parametrize("model", [reconcile.ReconcileRequest, reconcile.PrerequisitesRequest])
def test_a_later_protocol_is_refused(model: type[BaseModel]) -> None:
    """An agent that is ahead of its control plane hears which field is wrong."""
    message = {"update_type": "partial", "epoch": 1, "instance": "a", "namespace": "berth"}
    model.model_validate(message | {"protocol": PROTOCOL})
    with pytest.raises(ValidationError) as refused:
        model.model_validate(message | {"protocol": PROTOCOL + 1})
    assert [error["loc"] for error in refused.value.errors()] == [("protocol",)]
