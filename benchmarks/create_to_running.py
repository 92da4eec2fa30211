"""From the wish to Running through Berth, beside ``kubectl apply`` of the very same manifests.

Runs alternate, each in a namespace of its own, removed before the next begins. The manifests of
kubectl are the order that the same control plane writes for a second agent, which is this program.
Both sides are looked at every tenth of a second, in the same way.
"""

import json
import secrets
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import httpx

from benchmarks.figures import Figure, Goal, Peer, Samples
from benchmarks.options import Options
from berth_kube import kinds
from berth_kube.client import Client
from berth_kube.connection import connect
from berth_kube.projections import Deployment, Namespace
from berth_local.authority import trust
from berth_local.site.site import Site
from berth_local.site.steps import Steps
from berth_local.waiting import wait_until
from chalicelib.domain.naming import make_id
from chalicelib.wire.labels import FIELD_MANAGER, namespace_of

PATIENCE_SECONDS = 120.0
ALLOWED_RATIO, POLL_SECONDS = 1.5, 1.0
"""At most so many times kubectl's median, plus one poll interval."""


@dataclass(slots=True)
class Run:
    """Seconds since the wish at which something was first seen, by its name."""

    began: float = field(default_factory=time.perf_counter)
    seen: dict[str, float] = field(default_factory=dict)

    def see(self, what: str, *, if_: bool = True) -> bool:
        """Note a moment once, if it has come; whether it has."""
        if if_:
            self.seen.setdefault(what, time.perf_counter() - self.began)
        return if_


class Road(Protocol):
    """A way to a running workspace."""

    def run(self, number: int) -> Run:
        """Go there; the end is seen as ``running``."""
        ...

    def clear(self) -> None:
        """Remove what the run made, to the last object."""
        ...


@dataclass(slots=True)
class Kubernetes:
    """What both roads look at."""

    client: Client

    def note(self, run: Run, workspace_id: str) -> bool:
        """Note how far a workspace has come; whether its Deployment is available."""
        place = namespace_of(workspace_id)
        live = self.client.get(kinds.DEPLOYMENT, "workspace", Deployment, namespace=place)
        available = live is not None and live.status.available_replicas > 0
        run.see("Deployment there", if_=live is not None)
        return run.see("Deployment available", if_=available)

    def is_gone(self, workspace_id: str) -> bool:
        """Whether nothing of a workspace is left."""
        name = namespace_of(workspace_id)
        return self.client.get(kinds.NAMESPACE, name, Namespace) is None


@dataclass(slots=True)
class ThroughBerth:
    """A person's wish to the control plane, until the control plane says Running."""

    site: Site
    kubernetes: Kubernetes
    workspace_id: str = ""

    def run(self, number: int) -> Run:
        """See ``Road``."""
        body = {"name": f"bench-{number}", **wish(self.site, self.site.agent_id)}
        run = Run()
        self.workspace_id = str(self.site.client.post("/api/v1/workspaces", body)["id"])
        run.see("accepted")
        _until(lambda: self._is_running(run), f"{self.workspace_id} does not run")
        return run

    def clear(self) -> None:
        """See ``Road``."""
        path = f"/api/v1/workspaces/{self.workspace_id}"
        self.site.client.delete(path)
        _until(
            lambda: bool(self.site.client.get(path)["actual"] == "Terminated"),
            f"{self.workspace_id} is not terminated",
        )
        _until(
            lambda: self.kubernetes.is_gone(self.workspace_id),
            f"{self.workspace_id} is still in the cluster",
        )

    def _is_running(self, run: Run) -> bool:
        self.kubernetes.note(run, self.workspace_id)
        workspace = self.site.client.get(f"/api/v1/workspaces/{self.workspace_id}")
        return run.see("running", if_=workspace["actual"] == "Running")


@dataclass(slots=True)
class ThroughKubectl:
    """``manifests`` of the workspace ``of``, under another id each time, until it is available."""

    site: Site
    kubernetes: Kubernetes
    manifests: str
    of: str
    workspace_id: str = ""

    def run(self, number: int) -> Run:
        """See ``Road``."""
        self.workspace_id = make_id("ws", secrets.token_bytes(16))
        text = self.manifests.replace(self.of, self.workspace_id)
        run = Run()
        self.site.place.kubectl("apply", "-f", "-", text_input=text)
        run.see("accepted")
        _until(lambda: self._is_available(run), f"run {number} of kubectl is not available")
        return run

    def clear(self) -> None:
        """See ``Road``."""
        name = namespace_of(self.workspace_id)
        self.site.place.kubectl("delete", "namespace", name, "--wait=false")
        _until(lambda: self.kubernetes.is_gone(self.workspace_id), f"{name} is still there")

    def _is_available(self, run: Run) -> bool:
        return run.see("running", if_=self.kubernetes.note(run, self.workspace_id))


def measure(options: Options) -> Iterator[Figure]:
    """Yield both roads, whole and by the moments on the way."""
    with Site(options.cluster, Steps()) as site:
        kubernetes = Kubernetes(Client(connect(str(site.place.kubeconfig)), manager=FIELD_MANAGER))
        of, manifests = written_order(site)
        berth = ThroughBerth(site, kubernetes)
        kubectl = ThroughKubectl(site, kubernetes, manifests, of)
        ours, theirs = list[Run](), list[Run]()
        for number in range(options.runs):
            for road, runs in ((berth, ours), (kubectl, theirs)):
                runs.append(road.run(number))
                road.clear()
    yield from figures(ours, theirs)


def figures(ours: Sequence[Run], theirs: Sequence[Run]) -> Iterator[Figure]:
    """The whole ways, then how long each moment on them took to come."""
    whole, peer = _at(ours, "running"), _at(theirs, "running")
    goal = Goal(
        f"{ALLOWED_RATIO} x kubectl + {POLL_SECONDS:.0f} s",
        ALLOWED_RATIO * peer.median + POLL_SECONDS,
    )
    yield Figure("create to Running", "s", whole, Peer("kubectl apply to available", peer), goal)
    for moment, of_theirs in (
        ("accepted", "kubectl ended"),
        ("Deployment there", "the same"),
        ("Deployment available", "the same"),
    ):
        beside = Peer(of_theirs, _at(theirs, moment))
        yield Figure(f"until {moment}", "s", _at(ours, moment), beside)


def written_order(site: Site) -> tuple[str, str]:
    """A workspace's id and its manifests for kubectl, as an agent with the site's settings is told."""
    settings = site.client.get(f"/api/v1/agents/{site.agent_id}")["settings"]
    agent = site.client.post("/api/v1/agents", {"name": "benchmark", "settings": settings})
    site.client.post("/api/v1/workspaces", {"name": "bench", **wish(site, str(agent["id"]))})
    answer = httpx.post(
        f"{site.control_plane.local_url}/agent/v1/reconcile",
        json={"update_type": "partial", "epoch": 1, "instance": "benchmark"},
        headers={"Authorization": f"Bearer {agent['token']}"},
        verify=trust(site.authority.certificate),
    )
    answer.raise_for_status()
    (order,) = answer.json()["orders"]
    *first, deployment = order["objects"]
    items = [*first, *order["secrets"], deployment]
    return order["workspace_id"], json.dumps({"apiVersion": "v1", "kind": "List", "items": items})


def wish(site: Site, agent_id: str) -> dict[str, Any]:
    """What is asked for: the sample project, and a variable."""
    return {
        "agent_id": agent_id,
        "repository": {"url": site.repository},
        "variables": [{"name": "GREETING", "kind": "environment", "value": "hello"}],
    }


def _at(runs: Iterable[Run], moment: str) -> Samples:
    return Samples.of(run.seen[moment] for run in runs)


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    wait_until(holds, otherwise, seconds=PATIENCE_SECONDS)
