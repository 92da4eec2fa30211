"""The reconcile handler: time, store calls and uses of the master key, in the process of its caller.

Requests go through Chalice's test client: routing, authentication, parsing, use case, rendering and
writing the answer are measured, the network and Lambda are not.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.installation import Cost, Installation
from benchmarks.options import Options
from berth_agent.pacing import PAGE

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


class ControlPlane(Protocol):
    """Whom an agent asks."""

    def reconcile(self, body: Mapping[str, Any]) -> Any:
        """Ask, and return the answer."""
        ...


@dataclass(slots=True)
class Agent:
    """An agent whose cluster is on paper: it reports each order as applied and running."""

    control_plane: ControlPlane
    intent: int = -1
    reports: dict[str, dict[str, Any]] = field(default_factory=dict)
    transfers: int = 0

    def poll(self) -> None:
        """Ask for what is new, with nothing to say."""
        self._ask({"update_type": "partial"})

    def sync(self) -> int:
        """Send everything, in pages, and return the number of orders that came back, in all answers."""
        everything = list(self.reports.values())
        starts = range(0, max(len(everything), 1), PAGE)
        self.transfers += 1
        for start in starts:
            asked = {
                "update_type": "full",
                "full_sync": {
                    "id": f"sync-{self.transfers}",
                    "page": start // PAGE,
                    "last": start == starts[-1],
                },
                "reports": everything[start : start + PAGE],
            }
            answer = self._ask(asked)
        orders = self._take(answer)
        while answer["more"]:
            answer = self._ask({**asked, "reports": [], "cursor": answer["cursor"]})
            orders += self._take(answer)
        return orders

    def settle(self) -> None:
        """Sync until nothing is ordered any more."""
        while self.sync() or self.intent < 0:
            pass

    def _take(self, answer: Any) -> int:
        for order in answer["orders"]:
            self.reports[order["workspace_id"]] = running_report(order, len(self.reports) + 1)
        return len(answer["orders"])

    def _ask(self, what: Mapping[str, Any]) -> Any:
        who: dict[str, Any] = {"epoch": 1, "instance": "benchmark", "intent": self.intent}
        answer = self.control_plane.reconcile({**who, **what})
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
