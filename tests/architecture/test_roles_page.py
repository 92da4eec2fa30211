import re
from pathlib import Path

from chalicelib.domain.access.roles import PERMISSIONS, Action, Role

PAGE = Path(__file__).parents[2] / "docs/reference/roles.md"
COLUMNS = (Role.OWNER, Role.DEVELOPER, Role.AUDITOR)


def test_reference_shows_the_table_of_the_code() -> None:
    """Who may do what, as people read it, is what the code decides by."""
    rows = re.findall(r"^\| `([\w:-]+)` \|[^|]*\|(.*)\|$", PAGE.read_text("utf-8"), re.MULTILINE)
    shown = {action: [cell.strip() for cell in cells.split("|")] for action, cells in rows}
    assert shown == {
        action.value: ["yes" if action in PERMISSIONS[role] else "" for role in COLUMNS]
        for action in Action
    }
