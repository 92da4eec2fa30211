"""HAProxy's Runtime API over its unix socket (HAProxy Management Guide, 9.3)."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

_BATCH = 100
"""Commands on one line: more would not fit HAProxy's buffer."""
_TIMEOUT_SECONDS = 5
_COMPLAINTS = (
    "No such",
    "Unknown",
    "unknown",
    "Require",
    "Can't",
    "Invalid",
    "invalid",
    "not found",
    "denied",
)


class DataPlaneLost(Exception):
    """HAProxy does not answer on its socket."""


class CommandRefused(Exception):
    """HAProxy did not understand a command, or knows no such thing."""


class Runtime:
    """Sends commands; a new connection for each batch, as HAProxy closes it after the answer."""

    def __init__(self, socket: Path) -> None:
        self._socket = socket

    async def run(self, commands: Sequence[str]) -> None:
        """Carry out the commands in order, all of them. Raises CommandRefused for what was not taken."""
        complaints = []
        for start in range(0, len(commands), _BATCH):
            answer = await self.ask("; ".join(commands[start : start + _BATCH]))
            complaints += [line for line in answer.splitlines() if line.startswith(_COMPLAINTS)]
        if complaints:
            raise CommandRefused(f"{complaints[0]} ({len(complaints)} in all)")

    async def ask(self, command: str) -> str:
        """Return the answer to one line of commands."""
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                return await self._ask(command)
        except (OSError, TimeoutError) as error:
            raise DataPlaneLost(f"no answer on {self._socket}: {error}") from error

    async def _ask(self, command: str) -> str:
        reader, writer = await asyncio.open_unix_connection(str(self._socket))
        try:
            writer.write(command.encode() + b"\n")
            await writer.drain()
            return (await reader.read(-1)).decode(errors="replace")
        finally:
            writer.close()
