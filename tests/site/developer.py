"""A person who uses a Berth: through its API, and through the command line as a process of its own."""

import itertools
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from berth_cli.client import Client
from berth_cli.configuration import Configuration, save
from berth_cli.failures import Exit, Failure
from berth_local.authority import trust
from tests.site.waiting import first

Json = dict[str, Any]

READY_SECONDS = 90
"""For a start on a machine that has other things to do."""

_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str


@dataclass(slots=True)
class Developer:
    """A signed-in person."""

    configuration: Configuration
    folder: Path
    agent_id: str
    client: Client = field(init=False)

    def __post_init__(self) -> None:
        self.client = Client(self.configuration)
        save(self.configuration, {"XDG_CONFIG_HOME": str(self.folder)})

    def berth(self, *words: str) -> Ended:
        """Run ``berth``."""
        done = subprocess.run(
            [sys.executable, "-m", "berth_cli", *words],
            env={**os.environ, "XDG_CONFIG_HOME": str(self.folder), "COLUMNS": "400"},
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        return Ended(done.returncode, done.stdout, done.stderr)

    def berth_create(self, name: str, devfile: str, *words: str) -> Ended:
        """Run ``berth create`` with a devfile."""
        with tempfile.NamedTemporaryFile("w", dir=self.folder, suffix=".yaml") as file:
            file.write(devfile)
            file.flush()
            return self.berth("create", name, "--devfile", file.name, *words)

    def create(self, devfile: str, *, name: str = "", **more: Any) -> Json:
        """Create a workspace by the API; do not wait."""
        body = {"name": name or new_name(), "agent_id": self.agent_id, "devfile": devfile, **more}
        return self.client.post("/api/v1/workspaces", body)

    def create_once(self, key: str, devfile: str, name: str) -> Json:
        """Create a workspace by a request that says which one it is, however often it is sent."""
        body = {"name": name, "agent_id": self.agent_id, "devfile": devfile}
        answer = httpx.post(
            f"{self.configuration.url}/api/v1/workspaces",
            json=body,
            headers={
                "Authorization": f"Bearer {self.configuration.token}",
                "Idempotency-Key": key,
            },
            verify=trust(Path(self.configuration.ca_file)),
            timeout=30,
        )
        answer.raise_for_status()
        made: Json = answer.json()
        return made

    def answer_of(self, ask: Callable[[], Json]) -> Json | None:
        """Return the answer to a request; None when the control plane gave none."""
        try:
            return ask()
        except (httpx.TransportError, Failure) as error:
            if isinstance(error, Failure) and error.code is not Exit.UNREACHABLE:
                raise
            return None

    def read(self, workspace_id: str) -> Json:
        """Read a workspace."""
        return self.client.get(f"/api/v1/workspaces/{workspace_id}")

    def find(self, name: str) -> Json:
        """Return one's workspace by its name."""
        listed = self.client.items("/api/v1/workspaces", owner="me")
        (found,) = (each for each in listed if each["name"] == name)
        return found

    def want(self, workspace_id: str, desired: str) -> Json:
        """Ask for a desired state."""
        return self.client.patch(f"/api/v1/workspaces/{workspace_id}", {"desired": desired})

    def terminate(self, workspace_id: str) -> Json:
        """Ask for the end."""
        return self.client.delete(f"/api/v1/workspaces/{workspace_id}")

    def await_state(
        self, workspace_id: str, actual: str, *, seconds: float = READY_SECONDS
    ) -> Json:
        """Return the workspace as soon as the newest wish has led to this state."""
        found: Json = {}

        def reached() -> Json | None:
            found.update(self.read(workspace_id))
            current = found["acknowledged"] >= found["generation"] or actual == "Terminated"
            return found if found["actual"] == actual and current else None

        try:
            return first(reached, actual, seconds=seconds)
        except TimeoutError as error:
            raise TimeoutError(f"{error}; it is {json.dumps(found)}") from None

    def running(self, devfile: str, **more: Any) -> Json:
        """Create a workspace and wait until it runs."""
        return self.await_state(self.create(devfile, **more)["id"], "Running")

    @contextmanager
    def workspace(self, devfile: str, **more: Any) -> Iterator[Json]:
        """A workspace for the life of the block; its end is asked for afterwards, and not waited for."""
        made = self.create(devfile, **more)
        try:
            yield made
        finally:
            self.terminate(made["id"])


def new_name(stem: str = "w") -> str:
    """Return a name that no other workspace has."""
    return f"{stem}-{next(_numbers)}"
