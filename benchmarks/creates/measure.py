"""Putting a run together: store, server, people and agent, and what came of it.

``python -m benchmarks.creates.measure --creates 100 --seconds 6`` measures a shorter one.
"""

import argparse
import base64
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any

import httpx

from benchmarks.creates.load import PEPPER, TABLE, Load, Part
from benchmarks.creates.seed import Seed, seed
from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.installation import URL
from benchmarks.options import Options
from benchmarks.table import markdown
from chalicelib.adapters.stores.dynamodb import DynamoStore
from chalicelib.domain.organisations.quotas import Holder, holders_of
from chalicelib.ports.store import Store
from chalicelib.records import quotas, workspaces
from tests.contracts.dynamodb_local import DynamoDbLocal

LEAD = 0.5
"""Seconds from the moment that all are ready to the beginning."""
LATEST = 2.5
"""Seconds from accepted to the order leaving, at most, for 95 of 100."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """What each process wrote, and the counters that are not what the rows say."""

    server: Json
    people: Json
    agent: Json
    wrong: dict[Holder, int]

    def waits(self) -> list[float]:
        """Seconds from the acceptance of each workspace to the leaving of its order."""
        accepted, answered = self.server["accepted"], self.server["answered"]
        ordered = self.agent["ordered"]
        return [answered[ordered[each]] - accepted[each] for each in accepted if each in ordered]


def measure(options: Options) -> Iterator[Figure]:
    """Yield the figures of a run on DynamoDB Local as it is, and of one with DynamoDB's conflicts."""
    del options
    yield from figures(run(Load(), conflicts=False), Load(), "DynamoDB Local")
    yield from figures(run(Load(), conflicts=True), Load(), "with conflicts")


def run(load: Load, *, conflicts: bool) -> Run:
    """Carry a load through."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="berth-creates-")))
        database = stack.enter_context(DynamoDbLocal(folder))
        client = database.client(TABLE)
        store = DynamoStore(client, TABLE)
        sown = seed(store, load)
        environment = _environment(folder, client.meta.endpoint_url)
        server = _started("server", environment, *(["--conflicts"] if conflicts else []))
        stack.callback(server.kill)
        people, agent = (_started(name, dict(os.environ)) for name in ("people", "agent"))
        stack.callback(people.kill)
        stack.callback(agent.kill)
        url = f"http://127.0.0.1:{_first_line(server)}"
        for each in (people, agent):
            _first_line(each)
        _warm(url, sown)
        begins = time.monotonic() + LEAD
        part = Part(url, sown.agent_id, begins, load, sown.agent_token, sown.tokens)
        agent_told, people_told = _handed(agent, people, part)
        server_told, _ = server.communicate("", timeout=60)
        return Run(json.loads(server_told), people_told, agent_told, _wrong(store, sown))


def _first_line(process: subprocess.Popen[str]) -> str:
    """Wait until the process is ready and says so."""
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _warm(url: str, sown: Seed) -> None:
    """Have everything loaded that a creation and an answer to the agent need; nothing is made."""
    body = {"name": "w", "agent_id": sown.agent_id, "devfile": "schemaVersion: 2.2.2"}
    for path, token, sent in (
        ("/api/v1/workspaces", sown.tokens[0], body),
        ("/agent/v1/reconcile", sown.agent_token, {}),
    ):
        httpx.post(url + path, json=sent, headers={"Authorization": f"Bearer {token}"})


def _handed(agent: subprocess.Popen[str], people: subprocess.Popen[str], part: Part) -> list[Json]:
    """Hand the part to both before either is waited for, and return what they wrote."""
    for process in (agent, people):
        assert process.stdin is not None
        process.stdin.write(part.written())
        process.stdin.close()
        process.stdin = None
    return [json.loads(process.communicate(timeout=600)[0]) for process in (agent, people)]


def _started(name: str, environment: Mapping[str, str], *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", f"benchmarks.creates.{name}", *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env=environment)


def _environment(folder: Path, endpoint: str) -> dict[str, str]:
    return dict(os.environ) | {
        "AWS_ACCESS_KEY_ID": "local",
        "AWS_SECRET_ACCESS_KEY": "local",  # DynamoDB Local takes any
        "AWS_DEFAULT_REGION": "eu-central-1",
        "AWS_ENDPOINT_URL_DYNAMODB": endpoint,
        "BERTH_PUBLIC_URL": URL,
        "BERTH_PEPPER": base64.b64encode(PEPPER).decode(),
        "BERTH_STORE": "dynamodb",
        "BERTH_TABLE": TABLE,
        "BERTH_KEYS": f"file:{folder / 'master.key'}",
        "BERTH_OIDC_ISSUER": "https://issuer.invalid",
        "BERTH_OIDC_CLIENT_ID": "berth",
        "BERTH_OIDC_CLIENT_SECRET": secrets.token_hex(8),
        "BERTH_IDLE_POLL_MS": "1000",
    }


def _wrong(store: Store, sown: Seed) -> dict[Holder, int]:
    """By holder, by how many its counter is off."""
    stored = quotas.load_all(store, sown.organisation_id)
    counted = Counter(
        holder
        for workspace in workspaces.load_living(store, sown.organisation_id)
        for holder in holders_of(workspace)
    )
    off = {each: count.workspaces - counted.pop(each, 0) for each, count in stored.items()}
    return {each: count for each, count in (off | counted).items() if count}


def figures(done: Run, load: Load, where: str) -> Iterator[Figure]:
    """Yield what a run shows."""
    people, server, agent = done.people, done.server, done.agent
    no_op = {share: Peer("no-op route", _at(people["no_ops"], share)) for share in _SHARES}
    for share, name in _SHARES.items():
        goal = Goal("at most", LATEST) if share == 0.95 else None
        waits = _at(done.waits(), share)
        yield Figure(f"{where}: accepted to the order leaving, {name}", "s", waits, goal=goal)
    for share, name in _SHARES.items():
        creations = _at(people["creations"], share)
        yield Figure(f"{where}: answer to a creation, {name}", "s", creations, no_op[share])
    for share, name in _SHARES.items():
        yield Figure(f"{where}: answer to the agent, {name}", "s", _at(server["took"], share))
    refused = sum(status != 201 for status in people["statuses"])
    never = load.creates - len(done.waits())
    counts = {
        "creations refused": (refused, 0),
        "creations without an order": (never, 0),
        "counters of quotas that are wrong": (len(done.wrong), 0),
        "lateness of the people, largest, ms": (max(people["late"]) * 1000, None),
        "answers to the agent": (agent["answers"], None),
        "most orders in an answer": (agent["most"], None),
        "reports left": (agent["left"], None),
        "seconds of the processor in the server": (server["processor_seconds"], None),
        "transactions that conflicted": (server.get("conflicts"), None),
        "writes tried": (server.get("writes"), None),
    }
    for name, (count, most) in counts.items():
        if count is not None:
            goal = None if most is None else Goal("at most", most)
            yield Figure(f"{where}: {name}", "", Samples.of([count]), goal=goal)


_SHARES = {0.5: "p50", 0.95: "p95", 0.99: "p99"}


def _at(values: Sequence[float], share: float) -> Samples:
    """The smallest value that this share of all does not exceed."""
    return Samples.of([sorted(values)[ceil(share * len(values)) - 1]])


def main() -> None:
    """Measure one load and print."""
    usual = Load()
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--creates", type=int, default=usual.creates)
    parser.add_argument("--people", type=int, default=usual.people)
    parser.add_argument("--seconds", type=float, default=usual.seconds)
    parser.add_argument("--conflicts", action="store_true")
    chosen = parser.parse_args()
    load = Load(chosen.creates, chosen.people, chosen.seconds)
    before = os.getloadavg()
    found = run(load, conflicts=chosen.conflicts)
    print(f"load {before[0]:.1f} before, {os.getloadavg()[0]:.1f} after")
    print(markdown(list(figures(found, load, "conflicts" if chosen.conflicts else "local"))))


if __name__ == "__main__":
    main()
