"""Every leaf of every rendered object: its path, and its value.

In a path, the items of a list are told apart by their name where that name is ours, and share one
path (``[]``) where it is a user's; so do the keys of a map whose keys are a user's.
"""

from collections.abc import Iterator
from typing import Any

OURS = {"berth-tools", "berth-clone", "data", "tools", "run", "variables", "trust"}


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Walk a JSON value; an empty list or object is a leaf too."""
    if isinstance(value, dict) and value:
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    elif isinstance(value, list) and value:
        for item in value:
            yield from leaves(item, path + _place(path, item))
    else:
        yield path, value


def _place(path: str, item: Any) -> str:
    name = item.get("name") if isinstance(item, dict) else None
    if not isinstance(name, str):
        return "[]"
    if path.endswith("initContainers") and name.startswith("before-start-"):
        return "[before-start]"
    if path.endswith((".initContainers", ".volumes")) and name in OURS:
        return f"[{name}]"
    if path.endswith("initContainers[berth-clone].env"):
        return f"[{name}]"
    return "[]"
