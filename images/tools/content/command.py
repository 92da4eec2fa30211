"""Become the container's own command: `BERTH_COMMAND`, a JSON list of words, found on the PATH."""

import json
import os
import sys


def command_of(text: str) -> list[str]:
    """The words of the command. Raises `ValueError` when `text` is not a list of at least one word."""
    words = json.loads(text)
    if not isinstance(words, list) or not words or not all(isinstance(word, str) for word in words):
        raise ValueError("not a list of words")
    return words


def main() -> int:
    """Replace this process by the command; 126 or 127, as a shell would, when it cannot be run."""
    text = os.environ.pop("BERTH_COMMAND", "")
    try:
        words = command_of(text)
        os.execvp(words[0], words)  # noqa: S606 - running the container's own command is what this is for
    except ValueError as problem:
        print(f"command: BERTH_COMMAND is not a JSON list of words: {problem}", file=sys.stderr)
        return 126
    except OSError as problem:
        print(f"command: {words[0]}: {problem.strerror}", file=sys.stderr)
        return 127


if __name__ == "__main__":
    sys.exit(main())
