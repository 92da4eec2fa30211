"""Wake-ups from door to door in the one-process mode: a real process, TLS, the agent's own client."""

import os
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from benchmarks.creates.load import PEPPER, Load
from benchmarks.creates.seed import Seed, seed
from benchmarks.reconcile import DEVFILE
from berth_agent.client import NoAnswer
from berth_agent.wake_ups import WakeUps
from berth_local.authority import Authority, trust
from berth_local.loopback import free_port
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.wire.reconcile import ReconcileResponse, WakeChannel
from tests.waiting import eventually

ROOT = Path(__file__).parents[2]


@dataclass
class Running:
    """A control plane in a process of its own, with an organisation and an agent."""

    url: str
    authority: Path
    seed: Seed
    process: subprocess.Popen[bytes]

    def client(self, token: str) -> httpx.Client:
        """Speak to it with a credential."""
        headers = {"Authorization": f"Bearer {token}"}
        return httpx.Client(
            base_url=self.url, headers=headers, verify=trust(self.authority), timeout=30
        )

    def ears(self, token: str = "") -> WakeUps:
        """The agent's client for channels."""
        return WakeUps(self.url, lambda: token or self.seed.agent_token, self.authority)

    def poll(self, intent: int = -1) -> ReconcileResponse:
        """Ask as an agent that knows of channels and has none."""
        body = {"update_type": "partial", "epoch": 1, "instance": "a", "intent": intent}
        with self.client(self.seed.agent_token) as client:
            answer = client.post("/agent/v1/reconcile", json={**body, "listening": False})
        return ReconcileResponse.model_validate_json(answer.content)


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    """A control plane that answers."""
    store = SqliteStore(str(tmp_path / "berth.sqlite"))
    sown = seed(store, Load(creates=5, people=1))
    store.close()
    (tmp_path / "key").write_bytes(bytes(range(32)))
    (tmp_path / "key").chmod(0o600)
    authority, port = Authority(tmp_path), free_port()
    certificate = authority.issue("127.0.0.1")
    environment = {
        "PATH": os.environ["PATH"],
        "BERTH_PUBLIC_URL": f"https://127.0.0.1:{port}",
        "BERTH_PEPPER": b64encode(PEPPER).decode(),
        "BERTH_STORE": f"sqlite:{tmp_path / 'berth.sqlite'}",
        "BERTH_KEYS": f"file:{tmp_path / 'key'}",
        "BERTH_OIDC_ISSUER": "https://issuer.invalid",
        "BERTH_OIDC_CLIENT_ID": "berth",
        "BERTH_OIDC_CLIENT_SECRET": "secret",
    }
    files = ["--certificate", str(certificate.chain), "--key", str(certificate.key)]
    process = subprocess.Popen(
        [sys.executable, "-m", "berth_local", "--port", str(port), *files],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    process.stdout.readline()  # it listens
    yield Running(f"https://127.0.0.1:{port}", authority.certificate, sown, process)
    process.kill()
    process.wait()
    process.stdout.close()


def test_a_wish_ends_the_agents_question(running: Running) -> None:
    """An agent is told where to listen, and hears of a creation before its person does, or just after."""
    channel = running.poll().wake
    assert channel is not None
    heard: list[tuple[bool, float]] = []
    ears = running.ears()
    listener = threading.Thread(
        target=lambda: heard.append((ears(channel), time.monotonic())), daemon=True
    )
    listener.start()
    listener.join(1)
    assert heard == []
    with running.client(running.seed.tokens[0]) as person:
        wish = {"name": "demo", "agent_id": running.seed.agent_id, "devfile": DEVFILE}
        made = person.post("/api/v1/workspaces", json=wish)
        told = time.monotonic()
    assert made.status_code == 201
    listener.join(5)
    assert heard
    assert heard[0][0]
    assert heard[0][1] - told < 1.0
    assert [order.workspace_id for order in running.poll().orders] == [made.json()["id"]]


def test_only_an_agent_may_listen(running: Running) -> None:
    """A person's token, another's and none are refused."""
    channel = WakeChannel(kind="held", url="/agent/v1/wake")
    for token in (running.seed.tokens[0], "berth_agt_1_2_3"):
        with pytest.raises(NoAnswer) as refused:
            running.ears(token)(channel)
        assert refused.value.status == 401


def test_a_control_plane_that_dies_lets_go(running: Running) -> None:
    """A question that is held ends with the connection when the process is killed."""
    failed: list[NoAnswer] = []
    ears = running.ears()

    def listen() -> None:
        try:
            ears(WakeChannel(kind="held", url="/agent/v1/wake"))
        except NoAnswer as error:
            failed.append(error)

    listener = threading.Thread(target=listen, daemon=True)
    listener.start()
    listener.join(0.5)
    assert failed == []
    running.process.kill()
    eventually(lambda: bool(failed), "the connection to end")
    assert failed[0].status == 0
