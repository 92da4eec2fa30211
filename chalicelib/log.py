"""Structured logs: one JSON object a line, of allow-listed fields only.

What is not on the list is not written: no body, no header, no token, no message of an exception
(it may quote a user's input). Values are cut to 1 KiB.
"""

import json
import sys
import traceback
from datetime import UTC, datetime
from typing import Final

FIELDS: Final = frozenset(
    {
        "action",
        "agent_id",
        "checkpoint",
        "code",
        "digest",
        "error",
        "generation",
        "incident",
        "method",
        "milliseconds",
        "organisation_id",
        "outcome",
        "request_id",
        "route",
        "stack",
        "status",
        "subject",
        "user_id",
        "workspace_id",
    }
)
_LONGEST = 1024


def log(event: str, **fields: str | float | None) -> None:
    """Write one line. A field that is not on the list is a mistake in our code: ValueError."""
    if unknown := fields.keys() - FIELDS:
        raise ValueError(f"these fields are not to be logged: {sorted(unknown)}")
    line: dict[str, str | float | None] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": event,
    }
    line |= {name: _cut(value) for name, value in fields.items() if value is not None}
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
    sys.stdout.flush()


def stack_of(error: BaseException) -> str:
    """Return where an exception came from, innermost last, without its words."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return " ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames
    )


def _cut(value: str | float | None) -> str | float | None:
    return value[:_LONGEST] if isinstance(value, str) else value
