"""How the cost of an agent grows with its workspaces, from 100 to 10,000.

Time and bytes are measured in this process, through Chalice's test client; memory in a server's own
process, which does nothing but answer. The exponent is the slope of the figures in logarithms: 0 is
constant, 1 grows as the number of workspaces does.
"""

import base64
import math
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import httpx

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.installation import IN_MEMORY, URL, Cost, Exchange, Installation
from benchmarks.options import Options
from benchmarks.reconcile import DEVFILE, Agent

SIZES = (100, 1_000, 10_000)
RUNS = 3
"""Of each transfer: at 10,000 workspaces one takes seconds."""
IDLE_CALLS = 50
NO_OPS = 3
"""An idle answer may take so many times a route that does nothing."""
MIB = 1024 * 1024
REQUEST_MB, REQUEST_SECONDS, ANSWER_MIB, CALL_SECONDS = 1.0, 1.0, 3.0, 25.0
"""Of a request with 500 reports, of a page of orders, and of any call at all."""


@dataclass(slots=True)
class Grown:
    """The samples of one size, by name."""

    size: int
    samples: dict[str, Samples] = field(default_factory=dict)


def measure(options: Options) -> Iterator[Figure]:
    """Yield the figures of each size, and the exponents over all sizes."""
    grown = list[Grown]()
    for size in SIZES:
        with Installation("sqlite", root=IN_MEMORY) as installation:
            for number in range(size):
                installation.create({"name": f"w{number}", "devfile": DEVFILE})
            now, agent = Grown(size), Agent(installation)
            grown.append(now)
            yield from _transfers(installation, now, agent)
            yield from _idle(installation, now, agent, options.runs)
            yield from _memory(installation, now)
    yield from exponents(grown)


def _idle(installation: Installation, now: Grown, agent: Agent, runs: int) -> Iterator[Figure]:
    """An answer to an agent that has nothing to say and nothing to hear, beside a route that does nothing."""
    agent.poll()
    installation.do_nothing()
    costs, own, nothing = list[Cost](), list[float](), list[float]()
    for _ in range(runs):
        installation.agent.exchanges.clear()
        cost = _each(installation, agent.poll)
        spent = sum(each.seconds for each in installation.agent.exchanges) / IDLE_CALLS
        own.append((spent - cost.store_seconds) * 1000)
        nothing.append(_each(installation, installation.do_nothing).seconds * 1000)
        costs.append(cost)
    peer = Peer("no-op route", Samples.of(nothing))
    goal = Goal(f"{NO_OPS} x the no-op route", NO_OPS * peer.samples.median)
    name = "idle answer, the store apart"
    yield _noted(now, Figure(name, "ms", Samples.of(own), peer, goal))
    store = Samples.of(cost.store_seconds * 1000 for cost in costs)
    yield _noted(now, Figure("idle answer: the store in it", "ms", store))
    reads = Samples.of(cost.reads for cost in costs)
    yield _noted(now, Figure("idle answer: reads", "calls", reads, goal=Goal("at most", 1)))
    writes = Samples.of(cost.writes for cost in costs)
    yield _noted(now, Figure("idle answer: writes", "calls", writes))


def _each(installation: Installation, act: Callable[[], None]) -> Cost:
    def often() -> None:
        for _ in range(IDLE_CALLS):
            act()

    return installation.cost(often) / IDLE_CALLS


def _transfers(installation: Installation, now: Grown, agent: Agent) -> Iterator[Figure]:
    """A full transfer of an agent that has nothing, and of one that has everything."""
    agent.poll()  # the first message stores what later ones only read
    agents = [agent, *(Agent(installation) for _ in range(RUNS - 1))]
    yield from _down(now, [_exchanges(installation, each) for each in agents])
    agent.settle()
    yield from _up(now, [_exchanges(installation, agent) for _ in range(RUNS)])


def _down(now: Grown, runs: Sequence[Sequence[Exchange]]) -> Iterator[Figure]:
    name = "full, nothing reported"
    yield _noted(now, Figure(f"{name}: all answers", "s", _over(runs, _seconds)))
    yield _noted(now, Figure(f"{name}: answers", "calls", _over(runs, len)))
    down = _over(runs, lambda run: sum(each.received for each in run) / MIB)
    yield _noted(now, Figure(f"{name}: bytes down", "MiB", down))
    largest = _over(runs, lambda run: max(each.received for each in run) / MIB)
    yield _noted(
        now, Figure(f"{name}: largest answer", "MiB", largest, goal=Goal("at most", ANSWER_MIB))
    )
    longest = _over(runs, _longest)
    yield _noted(
        now, Figure(f"{name}: longest call", "s", longest, goal=Goal("at most", CALL_SECONDS))
    )


def _up(now: Grown, runs: Sequence[Sequence[Exchange]]) -> Iterator[Figure]:
    name = "full, all reported"
    yield _noted(now, Figure(f"{name}: all answers", "s", _over(runs, _seconds)))
    yield _noted(now, Figure(f"{name}: answers", "calls", _over(runs, len)))
    up = _over(runs, lambda run: sum(each.sent for each in run) / 1e6)
    yield _noted(now, Figure(f"{name}: bytes up", "MB", up))
    largest = _over(runs, lambda run: max(each.sent for each in run) / 1e6)
    yield _noted(
        now, Figure(f"{name}: largest request", "MB", largest, goal=Goal("at most", REQUEST_MB))
    )
    first = _over(runs, lambda run: run[0].seconds)
    goal = Goal("at most", REQUEST_SECONDS)
    yield _noted(now, Figure(f"{name}: a page of reports, up to 500", "s", first, goal=goal))
    longest = _over(runs, _longest)
    yield _noted(
        now, Figure(f"{name}: longest call", "s", longest, goal=Goal("at most", CALL_SECONDS))
    )


def _memory(installation: Installation, now: Grown) -> Iterator[Figure]:
    """Peak of a server's process over both transfers, beside the same process after one answer."""
    with Server(installation) as server:
        agent = Agent(server)
        agent.poll()
        before = Samples.of([server.peak_mib()])
        agent.settle()
        agent.sync()
        peak = Samples.of([server.peak_mib()])
    peer = Peer("after one idle answer", before)
    yield _noted(now, Figure("peak memory of the handler", "MiB", peak, peer))


class Server:
    """The application in a process of its own, on the store of an installation."""

    def __init__(self, installation: Installation) -> None:
        (installation.folder / "master.key").write_bytes(bytes(range(32)))
        self._environment = {
            "PATH": os.environ["PATH"],
            "BERTH_PUBLIC_URL": URL,
            "BERTH_PEPPER": base64.b64encode(bytes(range(32))).decode(),
            "BERTH_STORE": f"sqlite:{installation.folder / 'berth.sqlite'}",
            "BERTH_KEYS": f"file:{installation.folder / 'master.key'}",
            "BERTH_OIDC_ISSUER": "https://issuer.invalid",
            "BERTH_OIDC_CLIENT_ID": "berth",
            "BERTH_OIDC_CLIENT_SECRET": "nobody signs in",
        }
        self._token = installation.agent.token

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "benchmarks.creates.server"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdin=pipe, stdout=pipe, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.communicate("", timeout=60)

    def reconcile(self, body: Mapping[str, Any]) -> Any:
        """Ask."""
        headers = {"Authorization": f"Bearer {self._token}"}
        answer = self._http.post("/agent/v1/reconcile", json=body, headers=headers)
        return answer.raise_for_status().json()

    def peak_mib(self) -> float:
        """The largest resident memory so far."""
        lines = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def _noted(now: Grown, figure: Figure) -> Figure:
    """A figure of one size, noted for the exponents."""
    now.samples[figure.name] = figure.samples
    return replace(figure, name=f"{now.size:,} workspaces: {figure.name}")


def _exchanges(installation: Installation, agent: Agent) -> list[Exchange]:
    """What a full transfer consists of."""
    said = installation.agent.exchanges
    said.clear()
    agent.sync()
    return said[:]


def _over(runs: Sequence[Sequence[Exchange]], of: Callable[[Sequence[Exchange]], float]) -> Samples:
    return Samples.of(of(run) for run in runs)


def _seconds(run: Sequence[Exchange]) -> float:
    return sum(each.seconds for each in run)


def _longest(run: Sequence[Exchange]) -> float:
    return max(each.seconds for each in run)


def exponents(grown: Sequence[Grown]) -> Iterator[Figure]:
    """Yield, for each figure of every size, by which power of the size it grows."""
    for name in grown[0].samples:
        points = [(each.size, each.samples[name].median) for each in grown]
        if all(value > 0 for _, value in points):
            yield Figure(f"{name}: exponent", "", Samples.of([exponent(points)]))


def exponent(points: Sequence[tuple[float, float]]) -> float:
    """The slope of a least-squares line through the logarithms."""
    logs = [(math.log(x), math.log(y)) for x, y in points]
    middle_x, middle_y = (sum(each) / len(logs) for each in zip(*logs, strict=True))
    spread = sum((x - middle_x) ** 2 for x, _ in logs)
    return float(sum((x - middle_x) * (y - middle_y) for x, y in logs) / spread)
