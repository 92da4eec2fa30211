"""People at browsers, and one at the command line, whom the deployed control plane takes for what they are."""

import base64
import hashlib
from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs, urlsplit

import httpx

from berth_cli.client import Client
from berth_cli.configuration import Configuration
from berth_local.aws.deployment import Deployment
from berth_local.site.person import browse, sign_in_by

WORKSPACES = "/api/v1/workspaces"
ZONE = "ws.example.com"
PORTS = (8080, 8081, 8082, 8083)
_CONTAINER = {
    "image": "registry.example/dev:1",
    "endpoints": [{"name": f"web-{port}", "targetPort": port} for port in PORTS],
}
DEVFILE = f"""\
schemaVersion: 2.2.2
metadata: {{name: sample}}
components: [{{name: main, container: {_CONTAINER}}}]
"""
VARIABLES = [{"name": f"VALUE_{number}", "value": "v" * 100} for number in range(5)]
VERIFIER = "v" * 43


def command_line(deployment: Deployment, token: str) -> Client:
    """Return the command line's client."""
    return Client(Configuration(deployment.url, token, str(deployment.authority.certificate)))


def create(client: Client, agent_id: str, name: str) -> str:
    """Create a workspace and return its id."""
    body = {"name": name, "agent_id": agent_id, "devfile": DEVFILE, "variables": VARIABLES}
    return str(client.post(WORKSPACES, body)["id"])


@dataclass(slots=True)
class Visitor:
    """Somebody at a browser, with a workspace."""

    name: str
    url: str
    browser: httpx.Client
    workspace: str = ""
    token: str = field(default="", repr=False)

    @classmethod
    def invited(cls, deployment: Deployment, owner: Client, name: str) -> Self:
        """Make somebody a developer, by an invitation that they take."""
        code = str(owner.post("/api/v1/invitations", {"role": "developer"})["code"])
        browser = deployment.client()
        joined = sign_in_by(browser, deployment.url, name, code=code)
        return cls(name, deployment.url, browser, token=joined.token)

    def come_in(self) -> None:
        """Open the start page without a session, sign in, and have the page again."""
        self.browser.cookies.clear()
        self.browser.get("/").raise_for_status()
        browse(self.browser, f"{self.url}/sign-in", self.name).raise_for_status()
        self.browser.get("/api/v1/me").raise_for_status()
        self.list()

    def list(self) -> None:
        """Ask for the list as the start page does."""
        answer = self.browser.get(WORKSPACES, params={"owner": "me"}).raise_for_status()
        if self.workspace not in {each["id"] for each in answer.json()["items"]}:
            raise RuntimeError(f"{self.name} does not see the workspace {self.workspace}")

    def look(self) -> None:
        """Ask for their workspace as the start page does."""
        self.browser.get(f"{WORKSPACES}/{self.workspace}").raise_for_status()

    def enter(self, port: int, proxy: httpx.Client) -> str:
        """Come in by an endpoint; the admission's id."""
        host = f"{port}-{self.workspace}.{ZONE}"
        challenge = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest())
        asked = {"host": host, "path": "/", "challenge": challenge.decode().rstrip("=")}
        led = self.browser.get("/enter", params=asked).headers["location"]
        (ticket,) = parse_qs(urlsplit(led).query)["ticket"]
        body = {"ticket": ticket, "host": host, "verifier": VERIFIER}
        answer = proxy.post("/agent/v1/admissions", json=body).raise_for_status()
        return str(answer.json()["admission_id"])
