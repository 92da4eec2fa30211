"""The emulator as a process of its own, on the loopback address, with policies in force."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from berth_local.aws.installation import REPOSITORY, Installation
from berth_local.loopback import free_port
from berth_local.waiting import wait_until

REGION = "eu-central-1"
ACCOUNT = "000000000000"
_START_SECONDS = 30
_ROOT = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}
"""The account's root user, whom no policy stops: the person who deploys."""


@dataclass
class Emulator:
    """Runs for the life of the context, and keeps nothing."""

    installation: Installation
    gateway_seconds: float = 29
    """How long an integration may take; fewer than AWS's 29 for tests of what happens then."""
    ready_seconds: float | None = 0
    """Until a changed function is active; None for MiniStack's own half a second, which costs 5 s of waiting each."""
    is_metered: bool = False
    """Whether what AWS would bill is written into ``meter``; it costs time."""
    port: int = field(default_factory=free_port)
    folder: Path = field(init=False)
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict, repr=False)
    _process: subprocess.Popen[bytes] = field(init=False)

    def __enter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="berth-aws-"))
        (self.folder / "functions").mkdir()
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=self._environment(),
                stdin=subprocess.PIPE,  # closed when we end, however we end
                stdout=log,
                stderr=log,
            )
        try:
            wait_until(
                self._answers, f"the emulator did not start: {self.log}", seconds=_START_SECONDS
            )
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        # Asked to end, it would wait for the connections that functions keep; they end with it.
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        self._process.stdin.close()
        for client in self._clients.values():
            client.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def log(self) -> Path:
        """What the emulator says."""
        return self.folder / "log"

    @property
    def meter(self) -> Path:
        """What was used, a line each (``berth_local.aws.usage`` reads it)."""
        return self.folder / "meter"

    @property
    def endpoint(self) -> str:
        """Address of every service of this AWS."""
        return f"http://127.0.0.1:{self.port}"

    def api_host(self, api: str) -> str:
        """Return the host name by which the endpoint knows an API; the stage comes first in the path."""
        return f"{api}.execute-api.localhost"

    def environment(self) -> dict[str, str]:
        """Return what a program needs to find this AWS, as the one who deploys."""
        return {**_ROOT, "AWS_ENDPOINT_URL": self.endpoint, "AWS_DEFAULT_REGION": REGION}

    def client(self, service: str, credentials: Mapping[str, str] = _ROOT) -> Any:
        """Return a client of a service, which asks once and not again; the same for the same credentials."""
        key = (service, credentials["AWS_ACCESS_KEY_ID"])
        if key not in self._clients:
            self._clients[key] = self._made(service, credentials)
        return self._clients[key]

    def _made(self, service: str, credentials: Mapping[str, str]) -> Any:
        session = boto3.Session(
            aws_access_key_id=credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=credentials["AWS_SECRET_ACCESS_KEY"],
            aws_session_token=credentials.get("AWS_SESSION_TOKEN"),
            region_name=REGION,
        )
        once = Config(retries={"total_max_attempts": 1})
        return session.client(service, endpoint_url=self.endpoint, config=once)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"the emulator ended: {self.log.read_text()[-2000:]}")
        try:
            self.client("sts").get_caller_identity()
        except (BotoCoreError, ClientError):
            return False
        return True

    def _command(self) -> list[str]:
        parts = self.installation
        words = [str(parts.interpreter), "-S", "-m", "berth_local.aws.launcher"]
        words += ["--runtime", str(parts.runtime)]
        words += ["--interface", str(parts.interface), "--endpoint", self.endpoint]
        words += ["--folder", str(self.folder / "functions")]
        words += ["--gateway-seconds", str(self.gateway_seconds)]
        if self.is_metered:
            words += ["--meter", str(self.meter)]
        if self.ready_seconds is not None:
            words += ["--ready-seconds", str(self.ready_seconds)]
        return words

    def _environment(self) -> dict[str, str]:
        # Alone: what is in ours must not reach the emulator, nor through it a function.
        return {
            **_ROOT,
            "PATH": os.defpath,
            "HOME": str(self.folder),
            "TMPDIR": str(self.folder),
            "PYTHONPATH": f"{self.installation.emulator}:{REPOSITORY}",
            "PYTHONDONTWRITEBYTECODE": "1",
            "AUTH": "true",
            "MINISTACK_REGION": REGION,
            "BIND_HOST": "127.0.0.1",
            "GATEWAY_PORT": str(self.port),
            "IOT_MTLS_ENABLED": "0",
        }
