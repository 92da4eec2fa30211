"""What was recorded of each protocol: a folder with the rows of an installation, and what was said to it afterwards.

``python -m tests.skew.recordings`` records the present protocol; a folder that is there is never written again, because it
is what a release has said.
"""

import json
import sys
from base64 import b64decode, b64encode
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from chalicelib.ports.store import Item, Key
from chalicelib.wire import PROTOCOL
from tests.api.world import World
from tests.skew.story import Said, Story

FOLDER = Path(__file__).parent / "recorded"
_BYTES = "bytes in base64"


def folder(protocol: int) -> Path:
    """Return where a protocol's recording is."""
    return FOLDER / f"protocol-{protocol}"


def rows(protocol: int) -> list[Item]:
    """Return the rows of a recording."""
    text = (folder(protocol) / "rows.json").read_text(encoding="utf-8")
    return [
        Item(Key(row["partition"], row["sort"]), row["attributes"], row["expires"])
        for row in json.loads(text, object_hook=_decoded)
    ]


def conversation(protocol: int) -> list[Said]:
    """Return what was said, in order."""
    text = (folder(protocol) / "conversation.json").read_text(encoding="utf-8")
    return [Said(**each) for each in json.loads(text)]


def all_rows(world: World) -> Iterator[Item]:
    """Yield what a world's store holds; the port cannot be asked for everything."""
    listed = world.database._connection.execute(
        "SELECT partition, sort FROM items ORDER BY 1, 2"
    ).fetchall()
    for partition, sort in listed:
        if (item := world.database.get(Key(partition, sort))) is not None:
            yield item


def record() -> Path:
    """Record the present protocol and return its folder. Raises FileExistsError where that was done."""
    target = folder(PROTOCOL)
    target.mkdir(parents=True)
    world = World()
    try:
        story = Story(world)
        story.prepare()
        kept = [_as_json(item) for item in all_rows(world)]
        story.converse()
    finally:
        world.close()
    _write(target / "rows.json", kept)
    _write(target / "conversation.json", [asdict(each) for each in story.said])
    return target


def _write(path: Path, content: Any) -> None:
    text = json.dumps(content, indent=1, sort_keys=True, default=_encoded)
    path.write_text(text + "\n", encoding="utf-8")


def _as_json(item: Item) -> dict[str, Any]:
    place = {"partition": item.key.partition, "sort": item.key.sort, "expires": item.expires}
    return {**place, "attributes": dict(item.attributes)}


def _encoded(value: object) -> dict[str, str]:
    if isinstance(value, bytes):
        return {_BYTES: b64encode(value).decode()}
    raise TypeError(type(value))


def _decoded(value: dict[str, Any]) -> Any:
    return b64decode(value[_BYTES]) if value.keys() == {_BYTES} else value


if __name__ == "__main__":
    sys.stdout.write(f"{record()}\n")
