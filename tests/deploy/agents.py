"""An agent whose cluster is on paper, but whose conversation goes through the gateway by its real client."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx

from berth_agent.client import ControlPlane, Https
from berth_local.aws.deployment import Deployment
from chalicelib.wire.reconcile import ReconcileRequest, ReconcileResponse
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
