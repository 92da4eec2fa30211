"""The control plane as a process of its own, which can be killed and started again."""

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes, token_urlsafe

import httpx

from berth_local.authority import Certificate, trust
from berth_local.issuer import Registration
from berth_local.site.names import CONTROL_PLANE, Names
from berth_local.waiting import wait_until

REPOSITORY = Path(__file__).resolve().parents[2]


@dataclass(slots=True)
class ControlPlane:
    """Its data lives in ``folder``; secrets travel in its environment, never in a command line."""

    folder: Path
    names: Names
    certificate: Certificate
    registration: Registration
    authority: Path
    bootstrap_code: str = field(default_factory=lambda: token_urlsafe(24), repr=False)
    pepper: str = field(default_factory=lambda: b64encode(token_bytes(32)).decode(), repr=False)
    settings: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Further variables of its environment, which go before its own."""
    _process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it says, a JSON line for each event."""
        return self.folder / "control-plane.log"

    @property
    def local_url(self) -> str:
        """Its address on this machine, whatever the cluster calls it."""
        return f"https://{CONTROL_PLANE}:{self.names.control_plane_port}"

    def start(self) -> None:
        """Start it and return when it answers. Raises RuntimeError with what it said when it does not."""
        words = ["--address", self.names.address, "--port", str(self.names.control_plane_port)]
        files = ["--certificate", str(self.certificate.chain), "--key", str(self.certificate.key)]
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "berth_local", *words, *files],
                cwd=REPOSITORY,
                env=self._environment(),
                stdout=log,
                stderr=log,
            )
        wait_until(self._answers, f"the control plane did not start; see {self.log}", seconds=30)

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        if self._process is not None:
            self._process.kill()
            self._end()

    def stop(self) -> None:
        """Let it end what it is doing."""
        if self._process is not None:
            self._process.terminate()
            self._end()

    def _end(self) -> None:
        assert self._process is not None
        self._process.wait()
        self._process = None

    def _answers(self) -> bool:
        if self._process is None or self._process.poll() is not None:
            raise RuntimeError(f"the control plane ended: {self.log.read_text()[-2000:]}")
        try:
            answer = httpx.get(f"{self.local_url}/healthz", verify=trust(self.authority), timeout=5)
        except httpx.TransportError:
            return False
        return answer.is_success

    def _environment(self) -> dict[str, str]:
        own = {name: value for name, value in os.environ.items() if not name.startswith("BERTH_")}
        return own | {
            "BERTH_PUBLIC_URL": self.names.control_plane,
            "BERTH_PEPPER": self.pepper,
            "BERTH_STORE": f"sqlite:{self.folder / 'berth.sqlite'}",
            "BERTH_KEYS": f"file:{self.folder / 'master.key'}",
            "BERTH_OIDC_ISSUER": self.registration.issuer,
            "BERTH_OIDC_CLIENT_ID": self.registration.client_id,
            "BERTH_OIDC_CLIENT_SECRET": self.registration.client_secret,
            "BERTH_BOOTSTRAP_CODE": self.bootstrap_code,
            "BERTH_EXTRA_CA_FILE": str(self.authority),
            "BERTH_IDLE_POLL_MS": "1000",
            "BERTH_LISTENING_POLL_MS": "5000",
            **self.settings,
        }
