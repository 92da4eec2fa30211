"""``berth audit``: the audit log as a file, and whether log or file were tampered with."""

import json
import sys
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from berth_cli.client import Client, Json, connect
from berth_cli.exported import Exported
from berth_cli.failures import Exit, Failure
from berth_cli.terminal import safe
from chalicelib.wire.tampering import Fault

_API = "/api/v1/audit"
_LINES = 100

audit = typer.Typer(help="Export and check the audit log.", no_args_is_help=True)


@audit.command()
def export() -> None:
    """Print the audit log, a line of JSON for each checkpoint and each record."""
    client = connect()
    # Checkpoints first: the records of a growing log then hold all that they speak of.
    for path, limit in ((f"{_API}/checkpoints", 50), (f"{_API}/records", 500)):
        for line in client.items(path, limit=limit):
            sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")


@audit.command()
def verify(
    file: Annotated[
        Path | None, typer.Argument(help="An exported log; without it the log itself.")
    ] = None,
    *,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the file by itself, and ask nobody.")
    ] = False,
) -> None:
    """Check the audit log, or an exported one, and name every broken place."""
    if file is not None:
        _verify_file(file, None if offline else connect())
    elif offline:
        raise Failure("say which file to check: `berth audit verify --offline FILE`", Exit.USAGE)
    else:
        _verify_log(connect())


def _verify_log(client: Client) -> None:
    broken = _Broken()
    records = checkpoints = unheld = 0
    newest: Json | None = None
    for part in _parts(client):
        broken.tell_findings(part["findings"])
        records += part["records"]
        checkpoints += part["checkpoints"]
        unheld += part["unheld"]
        newest = part["newest"] or newest
    _say(_checked(records, checkpoints))
    if unheld:
        _say(
            f"the newest records of {_counted(unheld, 'subject')} wait for the next checkpoint: "
            "until then nothing tells if they are removed together with their heads"
        )
    broken.end("the audit log was tampered with", newest)


def _parts(client: Client) -> Iterator[Json]:
    cursor: str | None = None
    while True:
        part = client.get(f"{_API}/verification", cursor=cursor)
        yield part
        if (cursor := part["next"]) is None:
            return


def _verify_file(file: Path, client: Client | None) -> None:
    broken, exported = _Broken(), Exported()
    lines = _lines(file)
    while chunk := list(islice(lines, _LINES)):
        good = [line for place, text in chunk if (line := exported.take(place, text)) is not None]
        broken.tell(exported.found())
        if client is not None and good:
            answer = client.post(f"{_API}/comparison", {"lines": good})
            broken.tell_findings(answer["findings"])
    exported.end()
    broken.tell(exported.found())
    _say(f"{_checked(exported.records, exported.checkpoints)} of {file}")
    if client is None:
        _say("by themselves: whether Berth wrote them, only the control plane can tell")
    verdict = "is not whole" if client is None else "and the audit log do not agree"
    broken.end(f"{file} {verdict}", exported.newest)


def _lines(file: Path) -> Iterator[tuple[int, str]]:
    try:
        with file.open(encoding="utf-8", errors="replace") as text:
            yield from enumerate(text, start=1)
    except OSError as error:
        raise Failure(f"{file} cannot be read: {error}", Exit.USAGE) from error


class _Broken:
    """The broken places, each told once."""

    def __init__(self) -> None:
        self._told: dict[str, None] = {}
        self._short: set[str] = set()
        """Subjects of which records are missing: that nothing holds the last one left says no more."""

    def tell_findings(self, findings: Sequence[Json]) -> None:
        """Print what the control plane found."""
        self._short |= {each["subject"] for each in findings if each["fault"] == Fault.MISSING}
        self.tell(
            [
                each["message"]
                for each in findings
                if each["fault"] != Fault.UNHELD or each["subject"] not in self._short
            ]
        )

    def tell(self, messages: Sequence[str]) -> None:
        """Print what was not told yet."""
        for message in messages:
            if message not in self._told:
                self._told[message] = None
                _say(f"broken: {message}")

    def end(self, verdict: str, newest: Json | None) -> None:
        """Say how it ends. Raises Failure where anything was broken."""
        if newest is not None:
            _say(f"checkpoint {newest['number']} of {newest['at']} has digest {newest['digest']}")
        if self._told:
            places = _counted(len(self._told), "broken place")
            raise Failure(f"{verdict}: {places}", Exit.TAMPERED)
        _say("nothing was changed, removed or put in")


def _checked(records: int, checkpoints: int) -> str:
    return f"checked {_counted(records, 'record')} and {_counted(checkpoints, 'checkpoint')}"


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}{'' if count == 1 else 's'}"


def _say(words: str) -> None:
    sys.stdout.write(safe(words) + "\n")
