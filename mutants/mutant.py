"""One breakage, as a row of the table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


class NotApplicable(Exception):
    """The text of a row is not in its file exactly once: the code went on, the row did not."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """``text`` stands in ``file`` exactly once and is replaced; ``meaning`` says what is wrong then."""

    name: str
    meaning: str
    file: str
    text: str
    replacement: str
    tests: tuple[str, ...] = ()
    """Test files, or ``file::test``, that are expected to fail. None: the simulation is."""
    unseen: str = ""
    """Why the simulation cannot see it. Empty: it is expected to."""
    survives: str = ""
    """Why nothing can see it. Empty: something has to."""

    def apply(self, root: Path) -> str:
        """Break the file under ``root`` and return what it was. Raises NotApplicable."""
        path = root / self.file
        before = path.read_text(encoding="utf-8")
        path.write_text(self.broken(before), encoding="utf-8")
        return before

    def broken(self, source: str) -> str:
        """Return the file's broken text. Raises NotApplicable."""
        found = source.count(self.text)
        if found != 1:
            raise NotApplicable(
                f"{self.name}: its text is {found} times in {self.file}, not once; look what became"
                " of that code and mend the row in mutants/table"
            )
        after = source.replace(self.text, self.replacement)
        compile(after, self.file, "exec")
        return after
