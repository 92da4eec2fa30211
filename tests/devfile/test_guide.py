"""What the how-to page shows can be used as it stands there."""

import re
from pathlib import Path

from chalicelib import devfile
from chalicelib.devfile import Reading, read
from tests.devfile.shelf import Shelf

PAGE = Path(devfile.__file__).parents[2] / "docs" / "how-to" / "write-a-devfile.md"
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_the_pieces_of_the_page_make_a_devfile() -> None:
    """Container, database, volume and command, one below the other, are accepted without a word."""
    whole = "".join(BLOCKS[:3])
    found = read(whole)
    assert [container.name for container in found.containers] == ["dev", "db"]
    assert [step.command_line for step in found.post_start] == ["pip install -r requirements.txt"]
    assert found.notices == ()


def test_the_parent_of_the_page_is_overridden() -> None:
    """With the first pieces as the parent, the last one gives its container more memory."""
    shelf = Shelf({"platform/python.devfile.yaml": "".join(BLOCKS[:3])})
    where = devfile.TreeFile("shop/.devfile.yaml")
    found = read(BLOCKS[3], Reading(resolver=shelf, place=where))
    assert found.main_container.memory_limit == "8Gi"
