"""The commands of a devcontainer.json's life, as one shell script of each start."""

import shlex
from collections.abc import Iterator

from chalicelib.devfile.devcontainer.substitution import Words
from chalicelib.devfile.document import View
from chalicelib.devfile.quoting import quoted
from chalicelib.devfile.review import Review

ONCE = ("onCreateCommand", "updateContentCommand", "postCreateCommand")
"""Run once in the life of the workspace, one after another, again while one of them fails."""
ALWAYS = "postStartCommand"

_DONE = "$HOME/.local/state/berth/created"


def script_of(root: View, words: Words, review: Review) -> str:
    """Return what each start runs in the folder of the project, empty where there is nothing.

    A step that fails ends it. A text is a line of the shell, a list a program with its arguments, an
    object several of either at the same time.
    """
    once = [step for name in ONCE if (step := _step(root, name, words, review))]
    always = _step(root, ALWAYS, words, review)
    if once:
        first = " && ".join([*once, f'mkdir -p "{_DONE.rpartition("/")[0]}"', f': >"{_DONE}"'])
        once = [f'[ -e "{_DONE}" ] || {{ {first}; }} || exit']
    return "\n".join([*once, *([always] if always else [])])


def _step(root: View, name: str, words: Words, review: Review) -> str:
    member = root.member(name)
    if isinstance(member.value, dict):
        lines = [line for _, each in member.members() if (line := _line(each, words, review))]
        return _at_once(lines)
    return _line(member, words, review)


def _line(member: View, words: Words, review: Review) -> str:
    value = member.value
    if value is None or value in ("", []):
        return ""
    if isinstance(value, str):
        # On lines of its own: it may end with a comment.
        return f"(\n{words.put_in_command(value)}\n)"
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return f"( {shlex.join(map(words.put_in, value))} )"
    message = f"{quoted(member.path[-1])} is a text, a list of texts, or an object of these."
    review.problem("wrong-type", member.path, message)
    return ""


def _at_once(lines: list[str]) -> str:
    return "( " + " ".join(_background(lines)) + " )" if lines else ""


def _background(lines: list[str]) -> Iterator[str]:
    for number, line in enumerate(lines):
        yield f"{line} & p{number}=$!;"
    yield " && ".join(f"wait $p{number}" for number in range(len(lines)))
