"""What commands print: tables for people, JSON and YAML for programs."""

import json
import sys
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import yaml
from rich.console import Console
from rich.table import Table

from berth_cli.client import Json
from berth_cli.terminal import safe

_NO_EDGE = 10_000


class Format(StrEnum):
    """How to print."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


Column = tuple[str, Callable[[Json], str]]

WORKSPACE_COLUMNS: Sequence[Column] = (
    ("NAME", lambda w: w["name"]),
    ("ID", lambda w: w["id"]),
    ("DESIRED", lambda w: w["desired"]),
    (
        "ACTUAL",
        lambda w: w["actual"] if w.get("agent_online", True) else f"{w['actual']} (agent offline)",
    ),
    ("REASON", lambda w: (w.get("reason") or {}).get("code", "")),
    ("AGE", lambda w: age(w["created_at"])),
)
EVENT_COLUMNS: Sequence[Column] = (
    ("TIME", lambda e: e["at"]),
    ("EVENT", lambda e: e["kind"]),
    ("TEXT", lambda e: e.get("text", "")),
)


def age(moment: str) -> str:
    """Return how long ago an RFC 3339 moment was, in its largest unit."""
    seconds = int((datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds())
    for unit, size in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{max(seconds, 0)}s"


def show_many(items: Sequence[Json], columns: Sequence[Column], form: Format) -> None:
    """Print a list."""
    if form is not Format.TABLE:
        dump(list(items), form)
        return
    table = Table(box=None, pad_edge=False, header_style="")
    for title, _ in columns:
        table.add_column(title, no_wrap=title in {"NAME", "ID", "ACTUAL"}, overflow="fold")
    for item in items:
        table.add_row(*(safe(value(item)) for _, value in columns))
    # Only a terminal has an edge: what goes to a file or a program stays one line for each item.
    width = None if sys.stdout.isatty() else _NO_EDGE
    Console(highlight=False, markup=False, width=width).print(table)


def show_workspace(workspace: Json, form: Format) -> None:
    """Print one workspace, a line for each fact."""
    if form is not Format.TABLE:
        dump(workspace, form)
        return
    reason = workspace.get("reason") or {}
    lines = [
        ("name", workspace["name"]),
        ("id", workspace["id"]),
        ("desired", workspace["desired"]),
        ("actual", WORKSPACE_COLUMNS[3][1](workspace)),
        ("reason", reason.get("message", "")),
        ("what to do", reason.get("hint", "")),
        ("editor", workspace["editor"]),
        ("agent", workspace["agent_id"]),
        ("moving to", workspace.get("moving_to") or ""),
        ("source", (workspace.get("source") or {}).get("url", "")),
        ("open", (workspace["actual"] != "Terminated" and workspace.get("url")) or ""),
        ("age", age(workspace["created_at"])),
    ]
    for name, value in lines:
        if value:
            sys.stdout.write(f"{name + ':':<12}{safe(str(value))}\n")


def dump(value: Any, form: Format) -> None:
    """Print as JSON or YAML. Both forms escape what is not ASCII, and so whatever could steer a terminal."""
    if form is Format.JSON:
        sys.stdout.write(json.dumps(value, indent=2) + "\n")
    else:
        yaml.safe_dump(value, sys.stdout, sort_keys=False, allow_unicode=False)
