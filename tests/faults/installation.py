"""A whole Berth whose every part and every way between two parts can be made to fail.

The control plane is on DynamoDB Local, the cluster is a real node, agents are processes of this
machine under the rights that they ship with, and reach both by links that break on demand.
"""

import base64
from contextlib import ExitStack
from pathlib import Path

import yaml

from berth_cli.client import Client
from berth_cli.configuration import Configuration
from berth_kube.connection import connect
from berth_local.authority import Authority
from berth_local.cluster import prerequisites
from berth_local.cluster.cluster import Cluster
from berth_local.cluster.layout import API_ADDRESS
from berth_local.issuer import Issuer, Registration
from berth_local.raising import Raised
from berth_local.site import names as naming
from berth_local.site.control_plane import ControlPlane
from berth_local.site.person import sign_in
from berth_local.site.site import NEIGHBOURS
from images.cache import Cache, default_cache
from images.catalogue import IMAGES, build_image
from tests.agent.conftest import MANIFEST, NAMESPACE
from tests.contracts.dynamodb_local import DynamoDbLocal
from tests.faults.agent import Agent
from tests.faults.history import History
from tests.faults.link import Link
from tests.site.developer import Developer

TABLE = "berth"


class Installation(Raised):
    """Everything for the life of the context."""

    def __init__(self, name: str, folder: Path) -> None:
        self._folder = folder
        self._stack = ExitStack()
        cache = Cache(default_cache() / "images")
        cache.root.mkdir(parents=True, exist_ok=True)
        self.cluster = Cluster(name, images=[build_image("tools", cache.root, cache)])

    def new_agent(self, name: str) -> Agent:
        """A process of the agent, which stands for the same Lease as all others."""
        settings = {
            "KUBECONFIG": str(self._folder / "agent.kubeconfig"),
            "BERTH_CONTROL_PLANE_URL": f"https://{naming.CONTROL_PLANE}:{self.to_control_plane.port}",
            "BERTH_CA_FILE": str(self._authority.certificate),
            "BERTH_AGENT_TOKEN_FILE": str(self._folder / "token"),
            "BERTH_NAMESPACE": NAMESPACE,
        }
        return Agent(name, self._folder, settings)

    def _raise(self) -> None:
        self._start_control_plane()
        self._start_cluster()
        self._register()
        self.agent = self._stack.enter_context(self.new_agent("first"))

    def _start_control_plane(self) -> None:
        prerequisites.ensure(proofs=NEIGHBOURS)
        self._authority = Authority(self._folder / "certificates")
        names = naming.choose()
        registration = Registration(names.issuer, f"{names.control_plane}/sign-in/callback")
        identity, log = self._authority.issue(naming.ISSUER), self._folder / "issuer.log"
        self._stack.enter_context(Issuer(registration, names.issuer_port, identity, log))
        self.store = self._stack.enter_context(DynamoDbLocal(self._folder, durable=True))
        self.store.client(TABLE)
        self.control_plane = ControlPlane(
            self._folder,
            names,
            self._authority.issue(naming.CONTROL_PLANE),
            registration,
            self._authority.certificate,
            settings={
                "BERTH_STORE": "dynamodb",
                "BERTH_TABLE": TABLE,
                "AWS_ENDPOINT_URL_DYNAMODB": self.store.url,
                "AWS_DEFAULT_REGION": "eu-central-1",
                "AWS_ACCESS_KEY_ID": "local",
                "AWS_SECRET_ACCESS_KEY": "local",
            },
        )
        self._stack.callback(self.control_plane.kill)
        self.control_plane.start()
        self.to_control_plane = self._stack.enter_context(Link(names.control_plane_port))

    def _start_cluster(self) -> None:
        self._stack.enter_context(self.cluster)
        # A passage of its own: it ends with the cluster, and nobody else's connections are on it.
        self.to_api_server = self._stack.enter_context(Link(self.cluster.forward(0, API_ADDRESS)))
        self.admin = connect(str(self.cluster.kubeconfig))
        self.history = self._stack.enter_context(History(self.admin))

    def _register(self) -> None:
        """Let an agent register, and install what it needs in the cluster: all but its Deployment."""
        names, authority = self.control_plane.names, self._authority.certificate
        code = self.control_plane.bootstrap_code
        person = sign_in(names.control_plane, authority, "owner", code=code)
        chosen = Configuration(self.control_plane.local_url, person.token, str(authority))
        client = Client(chosen)
        settings = {
            "zone": names.zone,
            "image_pull_policy": "IfNotPresent",
            "tools_image": IMAGES["tools"].reference,
        }
        agent = client.post("/api/v1/agents", {"name": "cluster", "settings": settings})
        client.patch("/api/v1/organisation", {"settings": {"workspaces_per_user": 100}})
        client.close()
        self.owner = Developer(chosen, self._folder, str(agent["id"]))
        self._stack.callback(self.owner.client.close)
        (self._folder / "token").write_text(str(agent["token"]))
        text = MANIFEST.read_text().replace("@CA_PEM@", "")
        text = text.replace("@AGENT_TOKEN@", base64.b64encode(b"none").decode())
        parts = [part for part in yaml.safe_load_all(text) if part["kind"] != "Deployment"]
        self.cluster.kubectl("apply", "-f", "-", text_input=yaml.safe_dump_all(parts))
        self._write_kubeconfig()

    def _write_kubeconfig(self) -> None:
        """The agent's own account, by the link."""
        words = ("create", "token", "berth-agent", "-n", NAMESPACE, "--duration=4h")
        token = self.cluster.kubectl(*words).stdout.strip()
        config = yaml.safe_load(self.cluster.kubeconfig.read_text())
        config["users"] = [{"name": "agent", "user": {"token": token}}]
        config["contexts"][0]["context"]["user"] = "agent"
        server = f"https://127.0.0.1:{self.to_api_server.port}"
        config["clusters"][0]["cluster"]["server"] = server
        (self._folder / "agent.kubeconfig").write_text(yaml.safe_dump(config))
