"""The people: each creation is begun at its moment, whether or not those before are answered.

    python -m benchmarks.creates.people < part.json

Writes as JSON the status, seconds and lateness of each creation, and the seconds of each call of a
route that does nothing, made all along beside them.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import aiohttp

from benchmarks.creates.load import NO_OP, Part, given
from benchmarks.reconcile import DEVFILE

PROBES_A_SECOND = 5


@dataclass(slots=True)
class Seen:
    """What the people saw, in seconds."""

    statuses: list[int] = field(default_factory=list)
    creations: list[float] = field(default_factory=list)
    late: list[float] = field(default_factory=list)
    no_ops: list[float] = field(default_factory=list)


async def main() -> None:
    """Create."""
    part, seen = given(), Seen()
    connections = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(part.url, connector=connections) as session:
        creations = [_create(session, part, seen, *planned) for planned in _plan(part)]
        await asyncio.gather(_probe(session, part, seen), *creations)
    json.dump({name: getattr(seen, name) for name in Seen.__slots__}, sys.stdout)


def _plan(part: Part) -> Iterator[tuple[int, float]]:
    """Number and moment of each creation; the moments are random, the same in each run."""
    chance = random.Random(part.load.creates)  # noqa: S311 - no secret
    moments = sorted(chance.uniform(0, part.load.seconds) for _ in range(part.load.creates))
    for number, moment in enumerate(moments):
        yield number, part.begins + moment


async def _create(
    session: aiohttp.ClientSession, part: Part, seen: Seen, number: int, at: float
) -> None:
    await asyncio.sleep(at - time.monotonic())
    began = time.monotonic()
    headers = {
        "Authorization": f"Bearer {part.tokens[number % len(part.tokens)]}",
        "Idempotency-Key": f"creation-{number}",
    }
    body = {"name": f"w{number}", "agent_id": part.agent_id, "devfile": DEVFILE}
    async with session.post("/api/v1/workspaces", json=body, headers=headers) as answer:
        await answer.read()
        seen.statuses.append(answer.status)
    seen.creations.append(time.monotonic() - began)
    seen.late.append(began - at)


async def _probe(session: aiohttp.ClientSession, part: Part, seen: Seen) -> None:
    for number in range(int(part.load.seconds * PROBES_A_SECOND)):
        await asyncio.sleep(part.begins + number / PROBES_A_SECOND - time.monotonic())
        began = time.monotonic()
        async with session.get(NO_OP) as answer:
            await answer.read()
        seen.no_ops.append(time.monotonic() - began)


if __name__ == "__main__":
    asyncio.run(main())
