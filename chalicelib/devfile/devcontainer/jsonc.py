"""JSON with comments: what a devcontainer.json is written in."""

import re

from chalicelib.devfile.loader import MAX_BYTES

FILE_NAMES = (".devcontainer/devcontainer.json", ".devcontainer.json")
"""Where a repository keeps its devcontainer.json; the first that exists counts."""

_PARTS = re.compile(r'"(?:[^"\\\n]|\\.)*"?|//[^\n]*|/\*(?:.*?\*/|.*)|\t', re.DOTALL)
"""What is not closed goes to the end, so that no text takes longer than its length."""


def is_devcontainer(path: str) -> bool:
    """Whether a file is a devcontainer.json, by its name."""
    return path.rpartition("/")[2] in ("devcontainer.json", ".devcontainer.json")


def without_comments(text: str | bytes) -> str | bytes:
    """Return the text with blanks for comments, so that every other character stays where it is.

    With these JSON is YAML, where a comma may end a list; but a tab may not stand there. What is too
    large, or no UTF-8, stays as it is: the loader says so.
    """
    try:
        text = text[: MAX_BYTES + 1].decode() if isinstance(text, bytes) else text[: MAX_BYTES + 1]
    except UnicodeDecodeError:
        return text
    return _PARTS.sub(lambda part: part[0] if part[0].startswith('"') else _blank(part[0]), text)


def _blank(part: str) -> str:
    return "".join("\n" if character == "\n" else " " for character in part)
