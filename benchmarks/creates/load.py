"""What a run is made of, as the processes tell each other: one JSON object on standard input."""

import json
import sys
from dataclasses import asdict, dataclass, field
from typing import Any

PEPPER = bytes(range(32))
TABLE = "berth"
NO_OP = "/no-op"


@dataclass(frozen=True, slots=True)
class Load:
    """So many creations by so many people, at random moments within so many seconds."""

    creates: int = 1_000
    people: int = 50
    seconds: float = 60.0


@dataclass(frozen=True, slots=True)
class Part:
    """What a client has to know. Times are of the machine's monotonic clock, which all share."""

    url: str
    agent_id: str
    begins: float
    load: Load
    agent_token: str = field(repr=False)
    tokens: tuple[str, ...] = field(repr=False)

    def written(self) -> str:
        """The part as it is handed to a process."""
        return json.dumps(asdict(self))


def given() -> Part:
    """Say that this process is ready, and return the part that it is handed then."""
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    values: dict[str, Any] = json.load(sys.stdin)
    values["load"] = Load(**values["load"])
    values["tokens"] = tuple(values["tokens"])
    return Part(**values)
