"""An exported audit log, checked by itself: whether its lines fit together."""

import json
from typing import Any

from berth_cli.client import Json
from chalicelib.wire.audit import Link, NoLine, link_of, name_of
from chalicelib.wire.tampering import Trail, missing_after


class Exported:
    """Takes the lines in the order of the file: checkpoints, then records chain by chain."""

    def __init__(self) -> None:
        self.records = 0
        self.checkpoints = 0
        self.newest: Json | None = None
        """The last checkpoint."""
        self._chain = Trail()
        self._chain_of_checkpoints = Trail()
        self._held: dict[tuple[str, int], tuple[str, int]] = {}
        self._last: dict[str, int] = {}
        self._found: list[str] = []

    def take(self, place: int, text: str) -> Json | None:
        """Check the next line and return it, None for what is no line. ``place`` counts from 1."""
        try:
            line: Any = json.loads(text)
            link = link_of(line)
        except (ValueError, RecursionError, NoLine) as error:
            self._found.append(f"line {place} is no line of an audit log: {error}")
            return None
        found = (self._chain if link.subject else self._chain_of_checkpoints).follow(link)
        if found is not None:
            self._found.append(found.message)
        if link.subject:
            self._take_record(link)
        else:
            self._take_checkpoint(link, line)
        return dict(line)

    def found(self) -> list[str]:
        """Return what was found since the last time it was asked for."""
        found, self._found = self._found, []
        return found

    def end(self) -> None:
        """Check what only the end shows: records that a checkpoint holds and the file lacks."""
        for subject, number in self._held:
            last = self._last.get(subject, 0)
            if last < number:
                self._found.append(missing_after(subject, last, number))

    def _take_checkpoint(self, link: Link, line: Json) -> None:
        self.checkpoints += 1
        self.newest = line
        if link.is_intact:
            for head in link.heads:
                self._held[head.subject, head.number] = (head.digest, link.number)

    def _take_record(self, link: Link) -> None:
        self.records += 1
        self._last[link.subject] = max(link.number, self._last.get(link.subject, 0))
        held = self._held.get((link.subject, link.number))
        if held is not None and held[0] != link.digest:
            holder = name_of("", held[1])
            self._found.append(f"{link.name} is not the one that {holder} holds")
