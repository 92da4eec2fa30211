"""The agent at 5,000 Deployments with a pod each, beside client-go's informers on the same cluster.

Nodes and pods are kwok's. The peer is a small Go program that watches the same kinds by the same
selectors, keeps everything, and says when a change of a Deployment has reached its handler. The agent
has told a change when the report of it has arrived at a control plane; it gathers changes on purpose.
"""

import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import agent_scale, outage
from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from berth_kube.connection import Connection, connect
from berth_kube.kinds import DEPLOYMENT, POD
from berth_kube.transport import Request
from berth_local.cluster import binaries
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.layout import cache_folder
from berth_local.waiting import wait_until
from chalicelib.wire.labels import namespace_of
from tests.agent.control_plane import ControlPlane
from tests.agent.orders import AGENT
from tests.site.waiting import first

WORKSPACES = 5_000
RUNS = 7
CHANGES = 20
IDLE_SECONDS = 10.0
LOOK_SECONDS = 0.05
"""Each look at the agent's readiness takes from the processors that it needs to become ready."""
RESIDENT_MIB = 110.0
SYNC_RATIO, SYNC_SECONDS = 1.5, 1.5
"""At most so many times the informer's seconds, or so many, whichever is larger."""
PEER = "client-go's informers"
_SOURCE = Path(__file__).parent / "client_go" / "main.go"
_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Seen:
    """What one process showed. ``idle``: its share of a processor with nothing to do; ``lags`` in seconds.

    ``synced``: seconds until all was known; ``told``: until all of it had arrived at a control plane.
    """

    synced: float
    resident: float
    idle: float
    lags: list[float] = field(default_factory=list)
    told: float = 0.0


def measure(options: Options) -> Iterator[Figure]:
    """Yield sync time, memory, lag and idle processor of both, in turns."""
    with tempfile.TemporaryDirectory() as folder:
        program = build(Path(folder))
        with Cluster(f"{options.cluster}-informer", tier="kwok") as cluster:
            agent_scale.install(cluster)
            agent_scale.fill(cluster, WORKSPACES, runnable=True)
            _await_pods(cluster)
            ours, theirs = list[Seen](), list[Seen]()
            for _ in range(min(options.runs, RUNS)):
                ours.append(_agent(cluster))
                theirs.append(_informer(cluster, program))
            down = outage.measure(cluster, _is_ready)
    yield from figures(ours, theirs)
    yield down


def figures(ours: Sequence[Seen], theirs: Sequence[Seen]) -> Iterator[Figure]:
    """Yield both side by side."""
    at = f"{WORKSPACES:,} Deployments"
    synced = Peer(PEER, Samples.of(each.synced for each in theirs))
    goal = Goal(
        f"{SYNC_RATIO} x the informer, or {SYNC_SECONDS} s",
        max(SYNC_RATIO * synced.samples.median, SYNC_SECONDS),
    )
    yield Figure(f"{at}: synced", "s", Samples.of(each.synced for each in ours), synced, goal)
    yield Figure(f"{at}: synced, and all reported", "s", Samples.of(each.told for each in ours))
    resident = Peer(PEER, Samples.of(each.resident for each in theirs))
    goal = Goal("at most", RESIDENT_MIB)
    samples = Samples.of(each.resident for each in ours)
    yield Figure(f"{at}: resident", "MiB", samples, resident, goal)
    handled = Peer(f"{PEER}: handler called", _lags(theirs))
    yield Figure(f"{at}: a change to its report", "s", _lags(ours), handled)
    idle = Peer(PEER, Samples.of(each.idle * 100 for each in theirs))
    samples = Samples.of(each.idle * 100 for each in ours)
    yield Figure(f"{at}: idle, of one processor", "%", samples, idle)


def _lags(seen: Sequence[Seen]) -> Samples:
    return Samples.of(lag for each in seen for lag in each.lags)


def build(folder: Path) -> Path:
    """Build the peer with the client library that the cluster's own programs are built with."""
    for name in ("go.mod", "go.sum"):
        shutil.copy(binaries.MODULE / name, folder)
    shutil.copy(_SOURCE, folder)
    # As the cluster is built: what both share is compiled already.
    flags = ("-trimpath", "-ldflags", "-s -w", "-o", "informer")
    command = [binaries.go_command(cache_folder(), print), "build", *flags, "."]
    subprocess.run(command, cwd=folder, env={**os.environ, "CGO_ENABLED": "0"}, check=True)
    return folder / "informer"


def _await_pods(cluster: Cluster) -> None:
    """Return when every pod runs, asking seldom: the API server has enough to do."""
    admin = connect(str(cluster.kubeconfig))
    names = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
    query = {"fieldSelector": "status.phase=Running", "resourceVersion": "0"}
    request = Request("GET", POD.path(), query, headers={"Accept": names})

    def are_running() -> bool:
        return len(json.loads(admin.send(request).body)["items"]) >= WORKSPACES

    first(are_running, "every pod runs", seconds=900, pause=5)


def _agent(cluster: Cluster) -> Seen:
    control_plane = ControlPlane()
    with tempfile.TemporaryDirectory() as folder:
        process, log = agent_scale.start(cluster, control_plane, Path(folder))
        try:
            agent_scale.wait(_is_ready, process, log, each=LOOK_SECONDS)
            ready = agent_scale.since_start(log, time.time())
            agent_scale.wait(lambda: agent_scale.told(control_plane) >= WORKSPACES, process, log)
            seen = Seen(ready, 0.0, _idle(process.pid))
            seen.told = agent_scale.synced(log, control_plane)

            def arrived(name: str, generation: int) -> float | None:
                report = control_plane.reports.get(name)
                deployment = report.deployment if report else None
                is_told = deployment is not None and deployment.generation >= generation
                return time.time() if is_told else None

            seen.lags = _changes(connect(str(cluster.kubeconfig)), arrived)
            seen.resident = agent_scale.resident(process.pid)
        finally:
            process.kill()
            process.wait()
            control_plane.close()
    return seen


def _is_ready() -> bool:
    """Whether the agent's own readiness says that it knows all."""
    try:
        with urllib.request.urlopen(f"http://{agent_scale.HEALTH}/readyz", timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def _informer(cluster: Cluster, program: Path) -> Seen:
    with _started(cluster, program) as (process, told):
        _until(lambda: "synced" in told, process)
        seen = Seen(told["synced"], 0.0, _idle(process.pid))

        def arrived(name: str, generation: int) -> float | None:
            return told.get(f"{namespace_of(name)}/{generation}")

        seen.lags = _changes(connect(str(cluster.kubeconfig)), arrived)
        seen.resident = agent_scale.resident(process.pid)
    return seen


@contextmanager
def _started(
    cluster: Cluster, program: Path
) -> Iterator[tuple[subprocess.Popen[str], dict[str, float]]]:
    """The peer's process and what it says, as it says it."""
    told: dict[str, float] = {}
    pipe = subprocess.PIPE
    environment = {**os.environ, "KUBECONFIG": str(cluster.kubeconfig)}
    process = subprocess.Popen(
        [program, AGENT], stdin=pipe, stdout=pipe, text=True, env=environment
    )

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            said = json.loads(line)
            if "synced" in said:
                told["synced"] = said["synced"]
            else:
                told.setdefault(f"{said['namespace']}/{said['generation']}", said["at"] / 1e9)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield process, told
    finally:
        process.communicate()
        reader.join()


def _changes(admin: Connection, arrived: Callable[[str, int], float | None]) -> list[float]:
    """Change Deployments one by one; how long each change took to arrive, from before it was made."""
    lags = list[float]()
    for number in range(0, WORKSPACES, WORKSPACES // CHANGES):
        name = f"ws-{number:012d}"
        path = DEPLOYMENT.path(namespace_of(name), "workspace")
        # A part of the specification that nothing acts upon.
        change = {"spec": {"progressDeadlineSeconds": 400 + time.time_ns() % 10_000}}
        headers = {"Content-Type": "application/merge-patch+json"}
        began = time.time()
        answer = admin.send(Request("PATCH", path, {}, json.dumps(change).encode(), headers))
        generation = json.loads(answer.body)["metadata"]["generation"]
        arrival = partial(arrived, name, generation)
        lags.append(first(arrival, "a change to arrive", seconds=30, pause=0.002) - began)
    return lags


def _idle(pid: int) -> float:
    """The share of one processor that a process takes while nothing happens."""
    before = _processor(pid)
    threading.Event().wait(IDLE_SECONDS)
    return (_processor(pid) - before) / IDLE_SECONDS


def _processor(pid: int) -> float:
    parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(parts[11]) + int(parts[12])) / _TICK


def _until(holds: Callable[[], bool], process: subprocess.Popen[Any]) -> None:
    def is_so() -> bool:
        if process.poll() is not None:
            raise SystemExit("the informer ended")
        return holds()

    wait_until(is_so, "the informer did not sync", seconds=120)
