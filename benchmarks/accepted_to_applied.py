"""From an accepted start to the Deployment in the cluster, beside ``kubectl apply`` of the same objects.

One workspace each side, stopped and started again and again. Both are seen by the same watch-like
look at the Deployment: applied is when it wants its pod. The agent is idle before each start, and
asks by itself only once a minute: what is measured is the wake-up.
"""

import json
import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from benchmarks.create_to_running import wish, written_order
from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.connection import connect
from berth_kube.projections import Deployment
from berth_local.site.site import Site
from berth_local.site.steps import Steps
from berth_local.waiting import wait_until
from chalicelib.wire.labels import FIELD_MANAGER, namespace_of

STARTS = 100
PATIENCE_SECONDS = 90.0
LOOK_SECONDS = 0.005
"""Between two looks: the error of a figure, beside a request to the API server."""
MEDIAN_SECONDS, P95_SECONDS = 0.5, 1.0
SETTLE_SECONDS = (1.5, 3.0)
"""Before a start, by chance: the agent is idle, and no rhythm of ours meets one of its."""


@dataclass(slots=True)
class Side:
    """A workspace that is started and stopped; ``seconds`` from asked and from accepted to applied."""

    client: Client
    workspace_id: str
    start: Callable[[], None]
    stop: Callable[[], None]
    asked: list[float] = field(default_factory=list)
    accepted: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Start once from stopped, measure, and stop."""
        began = time.perf_counter()
        self.start()
        accepted = time.perf_counter()
        self._await(1)
        applied = time.perf_counter()
        self.asked.append(applied - began)
        self.accepted.append(applied - accepted)
        self.stop()
        self._await(0)

    def _await(self, replicas: int) -> None:
        ends = time.monotonic() + PATIENCE_SECONDS
        while self._replicas() != replicas:
            if time.monotonic() > ends:
                raise RuntimeError(f"{self.workspace_id} never wanted {replicas} pods")
            time.sleep(LOOK_SECONDS)

    def _replicas(self) -> int:
        place = namespace_of(self.workspace_id)
        live = self.client.get(kinds.DEPLOYMENT, "workspace", Deployment, namespace=place)
        return -1 if live is None else live.spec.replicas


def measure(options: Options) -> Iterator[Figure]:
    """Yield both sides, in turns; ten times ``--runs``, a hundred by default."""
    with Site(options.cluster, Steps()) as site:
        site.control_plane.stop()
        site.control_plane.settings = {"BERTH_LISTENING_POLL_MS": "60000"}
        site.control_plane.start()
        client = Client(connect(str(site.place.kubeconfig)), manager=FIELD_MANAGER)
        ours, theirs = berth_side(site, client), kubectl_side(site, client)
        chance = random.Random(0)  # noqa: S311 - spreads starts
        for _ in range(options.runs * STARTS // Options().runs):
            for side in (ours, theirs):
                time.sleep(chance.uniform(*SETTLE_SECONDS))
                side.run()
    yield from figures(ours, theirs)


def figures(ours: Side, theirs: Side) -> Iterator[Figure]:
    """The median and the 95th of a hundred, from the answer and from the request."""
    for name, of_ours, of_theirs in (
        ("accepted to applied", ours.accepted, theirs.asked),
        ("asked to applied", ours.asked, theirs.asked),
    ):
        peer = Peer("kubectl apply, from its start", Samples.of(of_theirs))
        goal = Goal("at most", MEDIAN_SECONDS)
        yield Figure(name, "s", Samples.of(of_ours), peer, goal)
        beside = Peer("kubectl apply", Samples.of([percentile(of_theirs, 0.95)]))
        late = Samples.of([percentile(of_ours, 0.95)])
        yield Figure(f"{name}, 95th of a hundred", "s", late, beside, Goal("at most", P95_SECONDS))


def percentile(values: Sequence[float], part: float) -> float:
    """The value below which that part of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def berth_side(site: Site, client: Client) -> Side:
    """A workspace of Berth's, stopped."""
    body = {"name": "applied", **wish(site, site.agent_id)}
    workspace_id = str(site.client.post("/api/v1/workspaces", body)["id"])
    path = f"/api/v1/workspaces/{workspace_id}"

    def want(desired: str) -> None:
        site.client.patch(path, {"desired": desired})

    def is_now(actual: str) -> bool:
        return bool(site.client.get(path)["actual"] == actual)

    def stop() -> None:
        want("Stopped")
        wait_until(lambda: is_now("Stopped"), "it does not stop", seconds=PATIENCE_SECONDS)

    wait_until(lambda: is_now("Running"), "it does not run", seconds=PATIENCE_SECONDS)
    stop()
    return Side(client, workspace_id, lambda: want("Running"), stop)


def kubectl_side(site: Site, client: Client) -> Side:
    """The same objects by hand, stopped."""
    workspace_id, running = written_order(site)
    group = json.loads(running)
    group["items"][-1]["spec"]["replicas"] = 0
    stopped = json.dumps(group)

    def apply(text: str) -> None:
        site.place.kubectl("apply", "-f", "-", text_input=text)

    apply(stopped)
    return Side(client, workspace_id, lambda: apply(running), lambda: apply(stopped))
