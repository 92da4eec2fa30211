"""A how-to page as one follows it: its command blocks, typed into a shell one after the other."""

import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple, Self

_HEADING = re.compile(r"^## (.+)$")
_FENCE = re.compile(r"^\s*```(\w*)$")


class Block(NamedTuple):
    """Commands that a page tells one to run."""

    section: str
    commands: str


def blocks(page: str) -> Iterator[Block]:
    """Yield the blocks of a page, in its order. Raises ValueError for one that is no shell commands."""
    section = ""
    lines: list[str] | None = None
    for line in page.splitlines():
        if lines is None and (heading := _HEADING.match(line)):
            section = heading[1]
        elif (fence := _FENCE.match(line)) is None:
            if lines is not None:
                lines.append(line)
        elif lines is not None:
            yield Block(section, dedent("\n".join(lines)))
            lines = None
        elif fence[1] != "sh":
            raise ValueError(f"{section}: a block is {fence[1] or 'nothing'}, not sh")
        else:
            lines = []


class CommandFailed(Exception):
    """A command of a block failed; the text is what was said."""


@dataclass
class Shell:
    """One shell for the life of the context: what a block exports, the next one has."""

    folder: Path
    """Where it runs."""
    said: Path
    """The file that keeps what its commands print."""
    environment: Mapping[str, str]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            ["bash", "-eu", "-o", "pipefail"],
            cwd=self.folder,
            env=dict(self.environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *raised: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def run(self, commands: str) -> str:
        """Run commands as they are, and return what they print. Raises CommandFailed where one fails."""
        typed = self.said.with_suffix(".sh")
        typed.write_text(commands + "\n")
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # Its own input is this pipe: the commands get none of it.
        self._process.stdin.write(f". {typed} </dev/null >{self.said} 2>&1\necho done\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != "done\n":
            raise CommandFailed(f"{commands}\n{self.said.read_text()[-4000:]}")
        return self.said.read_text()
