"""An agent whose cluster is on paper, but whose conversation goes through the gateway by its real client; its workspaces."""

import base64
import itertools
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from berth_agent.client import ControlPlane, Https
from berth_agent.wake_ups import WakeUps
from berth_local.aws.deployment import Deployment
from chalicelib.wire.reconcile import ApplyOrder, ReconcileRequest, ReconcileResponse
from tests.builders import PaperCluster


@dataclass(frozen=True)
class RegisteredAgent:
    """An agent, and how its programs speak to the control plane."""

    id: str
    token: str = field(repr=False)
    url: str
    authority: Path

    def control_plane(self) -> ControlPlane:
        """The agent's own client."""
        return ControlPlane(self.url, lambda: self.token, Https(self.authority))


SECRET = "canary-of-the-deployment"
DEVFILE = """\
schemaVersion: 2.2.2
metadata: {name: small}
components:
  - {name: main, container: {image: "registry.example/dev:1"}}
"""
_names = itertools.count()


class RemoteCluster(PaperCluster):
    """It does what it is told, by the rules of the protocol, and asks over HTTPS."""

    def __init__(self, agent: RegisteredAgent) -> None:
        self._control_plane = agent.control_plane()
        self.live, self.tombstones, self.applied, self.told = {}, {}, {}, {}

    def ask(self, request: ReconcileRequest, remaining: float = 25.0) -> ReconcileResponse:
        """Send a request as this agent."""
        return self._control_plane.reconcile(request)


def register(deployment: Deployment, owner: httpx.Client, name: str) -> RegisteredAgent:
    """Register an agent."""
    body = {"name": name, "settings": {"zone": "ws.example.com"}}
    answer = owner.post("/api/v1/agents", json=body)
    assert answer.status_code == 201, answer.text
    said = answer.json()
    authority = deployment.authority.certificate
    return RegisteredAgent(said["id"], said["token"], deployment.url, authority)


def create(owner: httpx.Client, agent: RegisteredAgent) -> str:
    """Create a workspace with a sealed variable and return its id."""
    body = {
        "name": f"small-{next(_names)}",
        "agent_id": agent.id,
        "devfile": DEVFILE,
        "variables": [{"name": "TOKEN", "value": SECRET}],
    }
    answer = owner.post("/api/v1/workspaces", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def variables_of(order: ApplyOrder) -> list[str]:
    """Return the values of the variables that an order brings."""
    assert order.secrets is not None
    return [
        base64.b64decode(value).decode()
        for each in order.secrets
        for value in each.get("data", {}).values()
    ] + [value for each in order.secrets for value in each.get("stringData", {}).values()]


def assert_woken_by_a_wish(agent: RegisteredAgent, owner: httpx.Client) -> None:
    """Assert that the agent is given a queue, listens there, and hears a person's wish within seconds."""
    cluster = RemoteCluster(agent)
    cluster.poll("full")
    channel = cluster.ask(cluster.request(listening=False)).wake
    assert channel is not None
    assert channel.kind == "queue"
    ears = WakeUps(agent.url, lambda: agent.token, agent.authority)
    with ThreadPoolExecutor(1) as pool:
        heard = pool.submit(lambda: (ears(channel), time.monotonic()))

        wished = time.monotonic()
        create(owner, agent)

        woken, at = heard.result(timeout=30)
    assert woken
    assert at - wished < 5
