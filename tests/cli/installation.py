"""The real application on a port of this machine, the command line as a process, and an agent on paper."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from app import app
from berth_local.authority import Authority
from berth_local.gateway import serve
from chalicelib.usecases.agents.register import AgentWithToken
from tests.api.world import World
from tests.doubles import SteppedClock

REPOSITORY = Path(__file__).resolve().parents[2]
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        """What it printed with ``-o json``."""
        return json.loads(self.stdout)


@dataclass(slots=True)
class PaperAgent:
    """Answers for a cluster over the agents' API: it reports what a test says that it sees."""

    world: World
    registered: AgentWithToken
    _version: int = 0

    @property
    def id(self) -> str:
        """Its id."""
        return self.registered.agent.id

    def report(self, workspace_id: str, generation: int, replicas: int, **more: Any) -> None:
        """Say that a generation is applied and as it should be, or what ``more`` says instead."""
        facts = {"generation": 1, "observed_generation": 1, "replicas": replicas}
        counts = dict.fromkeys(("current", "updated", "available"), replicas)
        self._say(
            {
                "workspace_id": workspace_id,
                "generation": generation,
                "namespace": "Active",
                "pods": replicas,
                "deployment": facts | counts,
                **more,
            }
        )

    def refuse(self, workspace_id: str, generation: int, message: str) -> None:
        """Say that the cluster refused the Deployment for good."""
        error = {
            "generation": generation,
            "kind": "Deployment",
            "status": 422,
            "message": message,
            "final": True,
        }
        self._say({"workspace_id": workspace_id, "namespace": "Absent", "apply_error": error})

    def bury(self, workspace_id: str, generation: int) -> None:
        """Say that nothing is left but the tombstone."""
        self._say(
            {
                "workspace_id": workspace_id,
                "generation": generation,
                "namespace": "Absent",
                "tombstone": generation,
            }
        )

    def _say(self, report: Json) -> None:
        self._version += 1
        message = {
            "update_type": "partial",
            "epoch": 1,
            "instance": "paper",
            "reports": [report | {"resource_version": self._version}],
        }
        answer = self.world.call(
            "POST", "/agent/v1/reconcile", token=self.registered.token, body=message
        )
        assert answer.status_code == 200, answer.body
        assert answer.json_body["receipts"][0]["outcome"] in {"stored", "collect"}


@dataclass(slots=True)
class Installation:
    """Where ``berth`` finds a control plane, and who it speaks for."""

    world: World
    url: str
    authority: Path
    agent: PaperAgent
    token: str = field(default="", repr=False)

    def environment(self, home: Path, **more: str) -> dict[str, str]:
        """What a signed-in person has in their environment; an empty value takes a variable away."""
        own = {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(REPOSITORY),
            "HOME": str(home),
            "XDG_CONFIG_HOME": str(home),
            "BERTH_URL": self.url,
            "BERTH_TOKEN": self.token,
            "BERTH_CA_FILE": str(self.authority),
        }
        return {name: value for name, value in (own | more).items() if value}

    def create(self, name: str) -> Json:
        """Create a workspace by the API."""
        path = REPOSITORY / "tests" / "cli" / "small.devfile.yaml"
        body = {"name": name, "agent_id": self.agent.id, "devfile": path.read_text()}
        made = self.world.call("POST", "/api/v1/workspaces", token=self.token, body=body)
        assert made.status_code == 201, made.body
        found: Json = made.json_body
        return found

    def running(self, name: str) -> Json:
        """Create a workspace that runs."""
        made = self.create(name)
        self.agent.report(made["id"], 1, 1)
        return made


def berth_command(*words: str) -> list[str]:
    """The command line as one types it."""
    return [sys.executable, "-m", "berth_cli", *words]


@dataclass(frozen=True, slots=True)
class Shell:
    """A person's shell: runs ``berth`` to its end."""

    installation: Installation
    home: Path

    def __call__(self, *words: str, given: str = "", **environment: str) -> Ended:
        """Run a command; ``given`` is its standard input."""
        done = subprocess.run(
            berth_command(*words),
            env=self.installation.environment(self.home, **environment),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def started(self, *words: str) -> Iterator[subprocess.Popen[str]]:
        """A command that is under way."""
        with subprocess.Popen(
            berth_command(*words),
            env=self.installation.environment(self.home),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()


@contextmanager
def installed(folder: Path) -> Iterator[Installation]:
    """Serve an installation with one organisation, its owner and one agent."""
    world = World(clock=SteppedClock(time.time()))
    authority = Authority(folder)
    tls = authority.issue("berth.localhost", "127.0.0.1").server_context()
    server = serve(app, ("127.0.0.1", 0), tls)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"https://127.0.0.1:{server.server_address[1]}"
    try:
        agent = PaperAgent(world, world.agent())
        yield Installation(world, url, authority.certificate, agent, world.token())
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
        world.close()


def fields(shown: str) -> Mapping[str, str]:
    """Read the lines of ``berth show``."""
    pairs = (line.partition(":") for line in shown.splitlines())
    return {name: value.strip() for name, _, value in pairs}
