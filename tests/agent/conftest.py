"""The agent on a real API server, under its own ServiceAccount and the rights that it ships with."""

from __future__ import annotations

import base64
import secrets
import threading
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
import yaml

from berth_agent.applier import Applier
from berth_agent.ownership import Owner
from berth_agent.terminator import Terminator
from berth_kube.client import Client
from berth_kube.connection import Connection, connect
from berth_kube.transport import Transport
from berth_local.cluster.cluster import Cluster
from chalicelib.domain.naming import make_id
from chalicelib.wire.labels import FIELD_MANAGER, namespace_of
from tests import waiting
from tests.agent.faults import Recorder
from tests.agent.orders import AGENT, Workspace

MANIFEST = Path(__file__).parents[2] / "infra" / "kubernetes" / "agent.yaml"
NAMESPACE = "berth"


class Installed:
    """The agent's installation in a cluster, and connections as its ServiceAccount and as admin."""

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self.cluster = cluster
        text = MANIFEST.read_text()
        for name, value in {
            "@IMAGE@": "localhost/none:1",
            "@CONTROL_PLANE_URL@": "https://control-plane.invalid",
            "@AGENT_TOKEN@": base64.b64encode(b"none").decode(),
            "@CA_PEM@": "",
        }.items():
            text = text.replace(name, value)
        cluster.kubectl("apply", "-f", "-", text_input=text)
        self.owner = Owner(AGENT, NAMESPACE)
        self.admin = connect(str(cluster.kubeconfig))
        self.kubeconfig = self._kubeconfig("berth-agent", folder)
        self.agent = connect(str(self.kubeconfig))

    def client(self, transport: Transport | None = None) -> Client:
        """A client as the agent (or over ``transport``)."""
        return Client(transport or self.agent, manager=FIELD_MANAGER)

    def applier(self, transport: Transport | None = None) -> Applier:
        """An applier as the agent."""
        return Applier(self.client(transport), self.owner, threading.Event().wait)

    def terminator(self, transport: Transport | None = None) -> Terminator:
        """A terminator as the agent."""
        return Terminator(self.client(transport), self.owner)

    def recorder(self) -> Recorder:
        """A transport as the agent that records what is written."""
        return Recorder(self.agent)

    def _kubeconfig(self, account: str, folder: Path) -> Path:
        token = self.cluster.kubectl("create", "token", account, "-n", NAMESPACE).stdout.strip()
        config = yaml.safe_load(self.cluster.kubeconfig.read_text())
        config["users"] = [{"name": account, "user": {"token": token}}]
        config["contexts"][0]["context"]["user"] = account
        path = folder / f"{account}.kubeconfig"
        path.write_text(yaml.safe_dump(config))
        return path


@pytest.fixture(scope="session")
def installed(kwok_cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The agent's manifest, applied."""
    return Installed(kwok_cluster, tmp_path_factory.mktemp("agent"))


@pytest.fixture
def workspace(installed: Installed) -> Iterator[Workspace]:
    """A workspace of this test alone; its namespace and tombstone are removed afterwards."""
    made = Workspace(make_id("ws", secrets.token_bytes(16)))
    yield made
    installed.cluster.kubectl(
        "delete", "namespace", namespace_of(made.id), "--ignore-not-found", "--wait=false"
    )
    installed.cluster.kubectl(
        "delete", "configmap", f"berth-tombstone-{made.id}", "-n", NAMESPACE, "--ignore-not-found"
    )


@pytest.fixture
def admin(installed: Installed) -> Connection:
    """The administrator."""
    return installed.admin


Waits = Callable[[Callable[[], bool], str], None]


@pytest.fixture
def eventually() -> Waits:
    """Wait until something is true, at most 30 seconds."""
    return partial(waiting.eventually, seconds=30)
