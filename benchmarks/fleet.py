"""Full transfers of ten agents with 500 workspaces of 100 values each, half a million values in all.

An agent that has nothing is sent everything, in pages; what it costs a key service is counted, and
opening the values is measured beside a key for each value and beside the cipher alone. The master key
is a local one: the round trip of AWS KMS is not in the seconds, and comes once for each use.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.installation import IN_MEMORY, Cost, Exchange, Installation, Registered
from benchmarks.options import Options
from benchmarks.reconcile import DEVFILE, VALUE, Agent
from benchmarks.sealing import opening

AGENTS, WORKSPACES, VALUES = 10, 500, 100
MIB = 1024 * 1024
ANSWER_MIB, CALL_SECONDS = 3.0, 25.0
OPENINGS = 3


@dataclass(frozen=True, slots=True)
class Transfer:
    """What a full transfer of one agent cost."""

    cost: Cost
    exchanges: Sequence[Exchange]


def measure(options: Options) -> Iterator[Figure]:
    """Yield what a transfer of each agent costs, cold and unchanged; each agent is a sample."""
    with Installation(options.store, root=IN_MEMORY) as installation:
        registered = [_filled(installation, number) for number in range(AGENTS)]
        cold = [_transfer(installation, each, Agent(each)) for each in registered]
        yield from _cold(cold)
        agents = [Agent(each) for each in registered]
        for agent in agents:
            agent.settle()
        pairs = zip(registered, agents, strict=True)
        unchanged = [_transfer(installation, *pair) for pair in pairs]
        yield from _unchanged(unchanged)
    yield from opening(WORKSPACES, VALUES, min(options.runs, OPENINGS))


def _filled(installation: Installation, number: int) -> Registered:
    """Register an agent and create its workspaces."""
    values = [{"name": f"VALUE_{n}", "kind": "environment", "value": VALUE} for n in range(VALUES)]
    agent = installation.register(f"agent-{number}")
    for n in range(WORKSPACES):
        named = {"name": f"w{number}-{n}", "agent_id": agent.id}
        installation.create({**named, "devfile": DEVFILE, "variables": values})
    return agent


def _transfer(installation: Installation, registered: Registered, agent: Agent) -> Transfer:
    registered.exchanges.clear()
    cost = installation.cost(agent.sync)
    return Transfer(cost, registered.exchanges[:])


def _cold(transfers: Sequence[Transfer]) -> Iterator[Figure]:
    name = f"{WORKSPACES} workspaces x {VALUES} values, cold"
    store = Samples.of(each.cost.store_seconds for each in transfers)
    whole = Samples.of(each.cost.seconds for each in transfers)
    yield Figure(f"{name}: all answers", "s", whole, Peer("the store in them", store))
    yield Figure(f"{name}: pages", "calls", Samples.of(len(each.exchanges) for each in transfers))
    pages = [page for each in transfers for page in each.exchanges]
    down = Samples.of(sum(page.received for page in each.exchanges) / MIB for each in transfers)
    yield Figure(f"{name}: bytes down", "MiB", down)
    size = Samples.of(page.received / MIB for page in pages)
    yield Figure(f"{name}: a page", "MiB", size)
    largest = Samples.of([size.largest])
    yield Figure(f"{name}: largest page", "MiB", largest, goal=Goal("at most", ANSWER_MIB))
    seconds = Samples.of(page.seconds for page in pages)
    yield Figure(f"{name}: a page", "s", seconds)
    longest = Samples.of([seconds.largest])
    yield Figure(f"{name}: longest call", "s", longest, goal=Goal("at most", CALL_SECONDS))
    naive = Peer("one for each value", Samples.of([WORKSPACES * VALUES]))
    yield _key_uses(name, transfers, WORKSPACES, naive)


def _unchanged(transfers: Sequence[Transfer]) -> Iterator[Figure]:
    name = f"{WORKSPACES} workspaces x {VALUES} values, unchanged"
    yield Figure(f"{name}: all answers", "s", Samples.of(each.cost.seconds for each in transfers))
    up = Samples.of(sum(page.sent for page in each.exchanges) / 1e6 for each in transfers)
    yield Figure(f"{name}: bytes up", "MB", up, goal=Goal("at most", 1))
    down = Samples.of(sum(page.received for page in each.exchanges) / MIB for each in transfers)
    yield Figure(f"{name}: bytes down", "MiB", down)
    yield _key_uses(name, transfers, 0)


def _key_uses(
    name: str, transfers: Sequence[Transfer], most: int, peer: Peer | None = None
) -> Figure:
    uses = Samples.of(each.cost.key_uses for each in transfers)
    return Figure(f"{name}: uses of the master key", "calls", uses, peer, Goal("at most", most))
