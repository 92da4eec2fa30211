"""Structured logs: one JSON object a line, of allow-listed fields only.

What is not on the list is not written: no body, no header, no token, no message of an exception
(it may quote a user's input). Values are cut to 1 KiB. The lines of one request share its id.
"""

import json
import logging
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any, Final, TypeAlias

Field: TypeAlias = str | float | None

FIELDS: Final = frozenset(
    {
        "action",
        "agent_id",
        "checkpoint",
        "code",
        "digest",
        "error",
        "function",
        "generation",
        "incident",
        "level",
        "logger",
        "method",
        "organisation_id",
        "outcome",
        "request_id",
        "route",
        "says",
        "stack",
        "status",
        "subject",
        "trace_id",
        "user_id",
        "workspace_id",
    }
)
_LONGEST = 1024
_OURS = "chalicelib."
_encode = json.JSONEncoder(separators=(",", ":")).encode
_NOWHERE: Final[dict[str, Field]] = {}
_process: dict[str, Field] = {}
_context: ContextVar[dict[str, Field]] = ContextVar("context")


def log(event: str, figures: Mapping[str, Any] | None = None, /, **fields: Field) -> None:
    """Write one line. A field that is not on the list is a mistake in our code: ValueError.

    ``figures`` are members that ``ports.metrics`` has written: numbers, and what they are of.
    """
    line: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": event,
        **_process,
        **_context.get(_NOWHERE),
        **_listed(fields),
        **(figures or {}),
    }
    sys.stdout.write(_encode(line) + "\n")
    sys.stdout.flush()


@contextmanager
def context(**fields: Field) -> Iterator[None]:
    """Give these fields, and those that are noted inside, to each line that is written inside."""
    token = _context.set(_listed(fields))
    try:
        yield
    finally:
        _context.reset(token)


def note(**fields: Field) -> None:
    """Give these fields to each further line of the context; without one, to none."""
    if (noted := _context.get(None)) is not None:
        noted |= _listed(fields)


def request_id() -> str:
    """Return the id of the request that is being answered; empty where its gateway gave it none."""
    return str(_context.get(_NOWHERE).get("request_id", ""))


def class_of(error: BaseException) -> str:
    """Return the class of an exception, AWS's code for it, and those of what it comes from."""
    response = getattr(error, "response", None)
    code = response.get("Error", {}).get("Code", "") if isinstance(response, dict) else ""
    name = f"{type(error).__name__}:{code}" if code else type(error).__name__
    return name if error.__cause__ is None else f"{name} from {class_of(error.__cause__)}"


def stack_of(error: BaseException) -> str:
    """Return where an exception came from, innermost last, without its words."""
    frames = traceback.extract_tb(error.__traceback__)[-12:]
    return " ".join(
        f"{frame.filename.rpartition('/')[2]}:{frame.lineno}:{frame.name}" for frame in frames
    )


class Lines(logging.Handler):
    """Writes what is said through Python's own ``logging`` in the same form.

    Our own modules say ids alone; of a library's record only where it comes from is written.
    """

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        error = record.exc_info[1] if record.exc_info else None
        log(
            "said",
            level=record.levelname,
            logger=record.name,
            says=record.getMessage() if record.name.startswith(_OURS) else None,
            error=class_of(error) if error else None,
            stack=stack_of(error) if error else None,
        )


def take_over(**fields: Field) -> None:
    """Let every record of this process's ``logging`` be one of our lines, and give these fields to all."""
    _process.update(_listed(fields))
    logging.root.handlers[:] = [Lines()]


def _listed(fields: Mapping[str, Field]) -> dict[str, Field]:
    if not fields.keys() <= FIELDS:
        unknown = sorted(fields.keys() - FIELDS)
        raise ValueError(f"these fields are not to be logged: {unknown}")
    return {
        name: value[:_LONGEST] if isinstance(value, str) else value
        for name, value in fields.items()
        if value is not None and value != ""
    }
