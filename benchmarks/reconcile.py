"""The reconcile handler: time, store calls and uses of the master key, in the process of its caller.

Requests go through Chalice's test client: routing, authentication, parsing, use case, rendering and
writing the answer are measured, the network and Lambda are not.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.installation import Cost, Installation
from benchmarks.options import Options

WORKSPACES, VALUES = 100, 20
FULL = 500
VALUE = "a value of one hundred bytes".ljust(100, ".")
DEVFILE = """\
schemaVersion: 2.2.2
metadata: {name: sample}
components:
  - name: main
    container: {image: localhost/berth-workspace:dev, endpoints: [{name: web, targetPort: 8080}]}
"""
IDLE_CALLS = 20
"""One idle answer is too short to measure alone."""
KMS_CALLS = 100
"""At most so many for 2,000 values, cold."""


@dataclass(slots=True)
class Agent:
    """An agent whose cluster is on paper: it reports each order as applied and running."""

    installation: Installation
    intent: int = -1
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)

    def poll(self) -> None:
        """Ask for what is new, with nothing to say."""
        self._ask("partial", [], None)

    def sync(self) -> int:
        """Send everything and return the number of orders that came back, in all answers."""
        answer, orders = self._ask("full", list(self.reports.values()), None), 0
        while True:
            orders += len(answer["orders"])
            for order in answer["orders"]:
                self.reports[order["workspace_id"]] = running_report(order, len(self.reports) + 1)
            if not answer["more"]:
                return orders
            answer = self._ask("full", [], answer["cursor"])

    def settle(self) -> None:
        """Sync until nothing is ordered any more."""
        while self.sync() or self.intent < 0:
            pass

    def _ask(self, kind: str, reports: list[dict[str, Any]], cursor: str | None) -> Any:
        answer = self.installation.reconcile(
            {
                "update_type": kind,
                "epoch": 1,
                "instance": "benchmark",
                "intent": self.intent,
                "full_sync": {"id": "sync"} if kind == "full" else None,
                "reports": reports,
                "cursor": cursor,
            }
        )
        self.intent = answer["intent"]
        return answer


def measure(options: Options) -> Iterator[Figure]:
    """Yield what an idle answer, variables and a full transfer cost."""
    with Installation(options.store) as installation:
        yield from _idle(installation, options.runs)
        yield from _variables(installation, options.runs)
    with Installation(options.store) as installation:
        yield from _full(installation, options.runs)


def _idle(installation: Installation, runs: int) -> Iterator[Figure]:
    agent = Agent(installation)
    agent.settle()

    def poll() -> None:
        for _ in range(IDLE_CALLS):
            agent.poll()

    costs = [cost / IDLE_CALLS for cost in _costs(installation, runs, poll)]
    yield from _figures("idle partial", costs, Goal("at most", 1))


def _variables(installation: Installation, runs: int) -> Iterator[Figure]:
    values = [{"name": f"VALUE_{n}", "kind": "environment", "value": VALUE} for n in range(VALUES)]
    for n in range(WORKSPACES):
        installation.create({"name": f"w{n}", "devfile": DEVFILE, "variables": values})
    name = f"full of {WORKSPACES} workspaces x {VALUES} values"
    cold = _costs(installation, runs, lambda: Agent(installation).sync())
    yield from _figures(f"{name}, cold", cold)
    each = Peer("one for each value", Samples.of([WORKSPACES * VALUES]))
    yield _key_uses(f"{name}, cold", cold, KMS_CALLS, each)
    agent = Agent(installation)
    agent.settle()
    reported = _costs(installation, runs, agent.sync)
    yield from _figures(f"{name}, reported", reported)
    yield _key_uses(f"{name}, reported", reported, 0)


def _full(installation: Installation, runs: int) -> Iterator[Figure]:
    for n in range(FULL):
        installation.create({"name": f"w{n}", "devfile": DEVFILE})
    agent = Agent(installation)
    agent.settle()
    yield from _figures(f"full of {FULL} workspaces", _costs(installation, runs, agent.sync))


def _figures(name: str, costs: list[Cost], reads: Goal | None = None) -> Iterator[Figure]:
    store = Samples.of(cost.store_seconds * 1000 for cost in costs)
    whole = Samples.of(cost.seconds * 1000 for cost in costs)
    yield Figure(name, "ms", whole, Peer("the store in it", store))
    calls = Samples.of(cost.reads for cost in costs)
    yield Figure(f"{name}: reads of the store", "calls", calls, goal=reads)
    yield Figure(f"{name}: writes", "calls", Samples.of(cost.writes for cost in costs))


def _key_uses(name: str, costs: list[Cost], limit: int, peer: Peer | None = None) -> Figure:
    uses = Samples.of(cost.key_uses for cost in costs)
    return Figure(f"{name}: uses of the master key", "calls", uses, peer, Goal("at most", limit))


def _costs(installation: Installation, runs: int, act: Callable[[], object]) -> list[Cost]:
    act()  # once without measuring: the first call stores what later ones only read
    return [installation.cost(act) for _ in range(runs)]


def running_report(order: dict[str, Any], version: int) -> dict[str, Any]:
    """The report of what an order asks for, in place and available."""
    deployment = next(each for each in order["objects"] if each["kind"] == "Deployment")
    count = deployment["spec"]["replicas"]
    facts = dict.fromkeys(("replicas", "current", "updated", "available"), count)
    return {
        "workspace_id": order["workspace_id"],
        "resource_version": version,
        "generation": order["generation"],
        "namespace": "Active",
        "pods": count,
        "deployment": {"generation": 1, "observed_generation": 1, **facts},
        "spec_digest": order["spec_digest"],
        "secrets_digest": order["secrets_digest"],
    }
