import ast
import re
from pathlib import Path

from chalicelib.domain import errors

ROOT = Path(__file__).parents[2]
CARRIERS = {"Problem"} | {kind.__name__ for kind in errors.Refused.__subclasses__()}


def codes() -> set[str]:
    """Return each code that the control plane's source spells out."""
    trees = [ast.parse(path.read_text("utf-8")) for path in (ROOT / "chalicelib").rglob("*.py")]
    calls = [node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Call)]
    firsts = [
        call.args[0]
        for call in calls
        if call.args and isinstance(call.func, ast.Name) and call.func.id in CARRIERS
    ]
    return {str(first.value) for first in firsts if isinstance(first, ast.Constant)}


def test_every_code_of_a_refusal_has_one_form() -> None:
    """What programs compare is lower case words with hyphens, in whichever room it is refused."""
    found = codes()

    assert len(found) > 50
    assert sorted(code for code in found if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)) == []
