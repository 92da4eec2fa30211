"""Somebody with a clone of the repository and an account, who follows docs/how-to/deploy.md."""

import json
import os
import shutil
import ssl
import subprocess
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from berth_agent.client import Answer
from berth_local.authority import Authority, trust
from berth_local.aws.domain import Api, Domain
from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import install, install_command_line
from berth_local.issuer import Issuer, Registration
from berth_local.loopback import free_port
from berth_local.raising import Raised
from berth_local.site.steps import Steps
from checks.tree import ROOT, files
from tests.deploy.pages import Shell

DOMAIN = "berth.example.org"
BUCKET = "packages-of-the-team"
RELEASE = "v1.2.3"
LATER = {
    "chalicelib/wire/__init__.py": ("PROTOCOL = 1", "PROTOCOL = 2"),
    "chalicelib/records/attributes.py": ("SCHEMA = 1", "SCHEMA = 2"),
    "chalicelib/records/workspaces.py": ('"v": SCHEMA', '"v": SCHEMA, "later": "unknown before"'),
    "chalicelib/records/states.py": ('"v": SCHEMA', '"v": SCHEMA, "later": "unknown before"'),
    "chalicelib/records/agents.py": ('"v": SCHEMA', '"v": SCHEMA, "later": "unknown before"'),
    "chalicelib/records/plans.py": ('"v": SCHEMA', '"v": SCHEMA, "later": "unknown before"'),
}
"""What the release after this one changes: it speaks a later protocol, and its rows hold what this one does not know."""


class _Named(httpx.HTTPTransport):
    """Finds the domain on this machine, as DNS would elsewhere."""

    def __init__(self, port: int, trusted: ssl.SSLContext) -> None:
        super().__init__(verify=trusted)
        self._port = port

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.host != DOMAIN:
            return super().handle_request(request)
        found = httpx.Request(
            request.method,
            request.url.copy_with(host="127.0.0.1", port=self._port),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": DOMAIN},
        )
        return super().handle_request(found)


@dataclass
class Newcomer(Raised):
    """Has an empty account, a name, a certificate, a client at an issuer, and a shell in the clone."""

    folder: Path
    """For everything that they have."""
    aws: Emulator = field(init=False)
    registration: Registration = field(init=False)
    shell: Shell = field(init=False)
    _port: int = field(default_factory=free_port)
    _stack: ExitStack = field(default_factory=ExitStack)
    _domain: ExitStack = field(default_factory=ExitStack)

    @property
    def clone(self) -> Path:
        """Where their clone of the repository is."""
        return self.folder / "clone"

    def _raise(self) -> None:
        self.aws = self._stack.enter_context(Emulator(install(Steps())))
        self._stack.enter_context(self._domain)
        self._authority = Authority(self.folder / "certificates")
        self._start_issuer()
        self._clone()
        self._equip()
        self.shell = self._stack.enter_context(
            Shell(self.clone, self.folder / "said", self._environment())
        )

    def _start_issuer(self) -> None:
        port = free_port()
        self.registration = Registration(
            f"https://127.0.0.1:{port}", f"https://{DOMAIN}/sign-in/callback"
        )
        identity = self._authority.issue("127.0.0.1")
        log = self.folder / "issuer.log"
        self._stack.enter_context(Issuer(self.registration, port, identity, log))

    def _clone(self) -> None:
        """Copy what git has or would take; `make setup` is done already."""
        for path in files(ROOT):
            copied = self.clone / path.relative_to(ROOT)
            copied.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(path, copied)  # with its time: an older lock is no reason to set up again
        (self.clone / ".venv").symlink_to((ROOT / ".venv").resolve())
        self._git("init", "--quiet")
        self.commit()
        self._git("tag", RELEASE)

    def commit(self) -> None:
        """Put what is in the clone into its history."""
        self._git("add", "--", *(str(each.relative_to(self.clone)) for each in files(self.clone)))
        self._git("commit", "--quiet", "--message", "As it is")

    def _git(self, *words: str) -> None:
        somebody = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.org")
        subprocess.run(["git", *somebody, *words], cwd=self.clone, check=True)

    def _equip(self) -> None:
        """Give them `aws`, and a `curl` that finds the domain and trusts its certificate."""
        tools = self.folder / "tools"
        tools.mkdir()
        install_command_line(tools)
        (tools / ".curlrc").write_text(
            f'connect-to = "{DOMAIN}:443:127.0.0.1:{self._port}"\n'
            f'cacert = "{self._authority.certificate}"\n'
        )

    def _environment(self) -> dict[str, str]:
        """What a page does not say because one has it: an account, programs, names for what is theirs."""
        tools = self.folder / "tools"
        inherited = {
            k: v for k, v in os.environ.items() if not k.startswith(("AWS_", "MAKE", "MFLAGS"))
        }
        return {
            **inherited,
            **self.aws.environment(),
            "PATH": f"{tools}:{os.environ['PATH']}",
            "CURL_HOME": str(tools),
            "AUTHORITY": str(self._authority.certificate),
            "BUCKET": BUCKET,
        }

    def open_domain(self) -> None:
        """Let the name lead where the domain's stack says; DNS and TLS of it are not AWS's here."""
        self._domain.close()
        (mapping,) = self.aws.client("apigateway").get_base_path_mappings(domainName=DOMAIN)[
            "items"
        ]
        api = Api(mapping["restApiId"], mapping["stage"])
        self._domain.enter_context(Domain(self.aws, api, api, self._port, self._authority, DOMAIN))

    def browser(self, token: str = "") -> httpx.Client:
        """Return a client that finds the domain."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        transport = _Named(self._port, trust(self._authority.certificate))
        return httpx.Client(
            base_url=f"https://{DOMAIN}", headers=headers, transport=transport, timeout=40
        )

    def exchange(self, address: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Post a message of an agent; see ``berth_agent.client.Exchange``."""
        with self.browser() as client:
            answer = client.post(address, content=body, headers=dict(headers))
        return Answer(answer.status_code, answer.headers, answer.content)

    def ask(self, api: str, stage: str, path: str, token: str) -> httpx.Response:
        """Ask a stage at the gateway itself, where the domain does not lead to it."""
        headers = {"Host": self.aws.api_host(api), "Authorization": f"Bearer {token}"}
        return httpx.get(f"{self.aws.endpoint}/{stage}{path}", headers=headers, timeout=40)

    def check_later_release_out(self) -> None:
        """Bring the clone to the release after this one."""
        for name, (before, after) in LATER.items():
            path = self.clone / name
            text = path.read_text(encoding="utf-8")
            assert before in text
            path.write_text(text.replace(before, after), encoding="utf-8")
        self.commit()

    def check_release_out(self) -> None:
        """Bring the clone's code back to the first release, with the stage as it is."""
        self._git("checkout", "--quiet", RELEASE, "--", "chalicelib")
        self.commit()

    def functions(self) -> dict[str, Any]:
        """Return the account's functions by name."""
        listed = self.aws.client("lambda").list_functions()["Functions"]
        return {each["FunctionName"]: each for each in listed}

    def rows(self) -> list[dict[str, Any]]:
        """Return what is in the table."""
        found: list[dict[str, Any]] = self.aws.client("dynamodb").scan(TableName="berth-dev")[
            "Items"
        ]
        return found

    def made(self, stage: str) -> dict[str, Any]:
        """Return what Chalice says that it made for a stage, by name."""
        record = json.loads((self.clone / f".chalice/deployed/{stage}.json").read_text())
        return {each["name"]: each for each in record["resources"]}
