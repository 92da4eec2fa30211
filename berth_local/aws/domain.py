"""A custom domain in front of deployed APIs: HAProxy ends TLS and leads to them as `infra/domain.yaml` does.

It adds the headers that API Gateway adds, and nothing that a client sent under these names is kept.
"""

import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Self

import httpx

from berth_local.authority import Authority, trust
from berth_local.aws.emulator import Emulator
from berth_local.waiting import wait_until

HOST = "localhost"
_START_SECONDS = 10
_CONFIGURATION = """\
defaults
  mode http
  timeout connect 5s
  timeout client 75s
  timeout server 40s
frontend domain
  bind 127.0.0.1:{port} ssl crt {certificate}
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto https
  http-request set-header X-Forwarded-Port {port}
  use_backend agents if {{ path_reg ^/agent(/|$) }}
  default_backend everything
"""
_BACKEND = """\
backend {name}
  http-request set-header Host {host}
  http-request set-path /{stage}%[path]
  server gateway 127.0.0.1:{gateway}
"""


def url_of(port: int) -> str:
    """Return the domain's address, which is known before there is an API: BERTH_PUBLIC_URL."""
    return f"https://{HOST}:{port}"


class Api(NamedTuple):
    """A stage of an API."""

    id: str
    stage: str


@dataclass
class Domain:
    """Leads to a stage of an API for the life of the context, and what agents ask to a stage of theirs."""

    aws: Emulator
    everything: Api
    agents: Api
    port: int
    authority: Authority
    name: str = HOST
    _process: subprocess.Popen[bytes] = field(init=False)
    _folder: Path = field(init=False)

    def __enter__(self) -> Self:
        self._folder = Path(tempfile.mkdtemp(prefix="berth-domain-"))
        command = ["/usr/sbin/haproxy", "-db", "-f", str(self._configure())]
        with (self._folder / "log").open("wb") as log:
            self._process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            wait_until(self._answers, "the domain does not answer", seconds=_START_SECONDS)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.kill()
        self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _configure(self) -> Path:
        issued = self.authority.issue(self.name, HOST)
        certificate = self._folder / "certificate.pem"
        certificate.touch(mode=0o600)
        certificate.write_bytes(issued.chain.read_bytes() + issued.key.read_bytes())
        configuration = self._folder / "haproxy.cfg"
        configuration.write_text(
            _CONFIGURATION.format(port=self.port, certificate=certificate)
            + self._backend("everything", self.everything)
            + self._backend("agents", self.agents)
        )
        return configuration

    def _backend(self, name: str, api: Api) -> str:
        host = self.aws.api_host(api.id)
        return _BACKEND.format(name=name, host=host, stage=api.stage, gateway=self.aws.port)

    def _answers(self) -> bool:
        if self._process.poll() is not None:
            raise RuntimeError(f"HAProxy ended: {(self._folder / 'log').read_text()[-2000:]}")
        try:
            httpx.get(url_of(self.port), verify=trust(self.authority.certificate), timeout=40)
        except httpx.TransportError:
            return False
        return True
