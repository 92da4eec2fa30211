"""What an installation used of the emulated AWS, in the units that AWS bills."""

import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, replace
from operator import add, sub
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class Usage:
    """Amounts, which may be added, and taken a number of times."""

    requests: float = 0
    """To API Gateway."""
    answered: float = 0
    """Bytes of answers, as they leave the gateway."""
    invocations: float = 0
    handled: float = 0
    """Milliseconds in functions on this machine, without those that the emulator took for calls of a function."""
    calls: float = 0
    """From functions to AWS, one after the other."""
    reads: float = 0
    """Read units of DynamoDB: 4 KB, strongly consistent."""
    writes: float = 0
    """Write units of DynamoDB: 1 KB, and two of them in a transaction."""
    keys: float = 0
    """Calls of KMS."""
    queues: float = 0
    """Calls of Amazon SQS."""
    logged: float = 0
    """Bytes of the functions' own lines."""

    def __add__(self, other: "Usage") -> "Usage":
        return Usage(*map(add, astuple(self), astuple(other)))

    def __sub__(self, other: "Usage") -> "Usage":
        return Usage(*map(sub, astuple(self), astuple(other)))

    def __mul__(self, times: float) -> "Usage":
        return Usage(*(each * times for each in astuple(self)))

    @property
    def billed(self) -> "Usage":
        """The same without what is this machine's."""
        return replace(self, handled=0)


NOTHING = Usage()


@dataclass(slots=True)
class Meter:
    """Reads what ``berth_local.aws.launcher.metering`` writes."""

    file: Path
    _read: int = field(default=0)

    def take(self) -> Usage:
        """Return what was used since it was last asked."""
        with self.file.open("rb") as lines:
            lines.seek(self._read)
            text = lines.read()
        self._read += len(text)
        return sum(map(used, text.splitlines()), NOTHING)


def used(line: bytes) -> Usage:
    """Return what one line tells."""
    told = json.loads(line)
    match told["kind"]:
        case "request":
            return Usage(requests=1, answered=told["bytes"])
        case "invocation":
            return Usage(invocations=1, handled=told["milliseconds"], logged=told["logged"])
        case _:
            return _called(told)


def _called(told: Mapping[str, Any]) -> Usage:
    service = told["service"]
    billed = Usage(
        reads=told.get("reads", 0),
        writes=told.get("writes", 0),
        keys=service == "kms",
        queues=service == "sqs",
    )
    if told["action"] == "ReceiveMessage":  # by an agent, at an address that a function has signed
        return billed
    return billed + Usage(calls=1, handled=-told["milliseconds"])
