import re
from pathlib import Path

from chalicelib.domain.workspaces.states import ActualState, DesiredState

PAGE = Path(__file__).parents[2] / "docs/reference/states.md"


def test_reference_lists_every_state_and_no_other() -> None:
    """The states that people read about are the states of the code."""
    listed = re.findall(r"^\| `(\w+)` \|", PAGE.read_text(encoding="utf-8"), re.MULTILINE)

    assert sorted(listed) == sorted([*DesiredState, *ActualState])
