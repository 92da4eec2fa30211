"""A whole deployment on this machine: the emulator, the data stack, an OpenID issuer, and Berth by `chalice deploy`."""

import shutil
import tempfile
from base64 import b64encode
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_bytes, token_urlsafe

import httpx

from berth_local.authority import Authority, trust
from berth_local.aws import stacks
from berth_local.aws.domain import Domain, url_of
from berth_local.aws.emulator import Emulator
from berth_local.aws.installation import install
from berth_local.aws.project import AUTHORITY, Project
from berth_local.issuer import Issuer, Registration
from berth_local.loopback import free_port
from berth_local.raising import Raised
from berth_local.site.person import Person, sign_in
from berth_local.site.steps import Steps

STAGE = "dev"
OWNER = "robin"


@dataclass
class Deployment(Raised):
    """Everything for the life of the context; ``owner`` has signed in with the bootstrap code."""

    steps: Steps
    url: str = field(init=False)
    aws: Emulator = field(init=False)
    project: Project = field(init=False)
    authority: Authority = field(init=False)
    owner: Person = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def api(self) -> str:
        """Id of the API that Chalice has made."""
        return str(self.project.deployed()["rest_api"]["rest_api_id"])

    def client(self, token: str = "") -> httpx.Client:
        """Return a client of the control plane, through the domain and the gateway."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        checked = trust(self.authority.certificate)
        return httpx.Client(base_url=self.url, headers=headers, verify=checked, timeout=40)

    def _raise(self) -> None:
        folder = Path(tempfile.mkdtemp(prefix="berth-deployment-"))
        self._stack.callback(shutil.rmtree, folder, ignore_errors=True)
        with self.steps.step("the emulator's programs"):
            installed = install(self.steps)
        with self.steps.step("emulator"):
            self.aws = self._stack.enter_context(Emulator(installed))
        with self.steps.step("table and key, by infra/stack.yaml"):
            stacks.create_data(self.aws, STAGE)
        port = free_port()
        self.url = url_of(port)
        with self.steps.step("OpenID server"):
            registration = self._start_issuer(folder)
        code = token_urlsafe(24)
        self._configure(folder / "project", registration, code)
        with self.steps.step("chalice deploy"):
            self.project.deploy(self.aws)
        with self.steps.step("domain, and the first answer"):
            domain = Domain(self.aws, self.api, STAGE, port, self.authority)
            self._stack.enter_context(domain)
        with self.steps.step(f"{OWNER} signs in and owns the organisation"):
            self.owner = sign_in(self.url, self.authority.certificate, OWNER, code=code)

    def _start_issuer(self, folder: Path) -> Registration:
        self.authority = Authority(folder / "certificates")
        port = free_port()
        registration = Registration(f"https://127.0.0.1:{port}", f"{self.url}/sign-in/callback")
        identity = self.authority.issue("127.0.0.1")
        self._stack.enter_context(Issuer(registration, port, identity, folder / "issuer.log"))
        return registration

    def _configure(self, folder: Path, registration: Registration, code: str) -> None:
        self.project = Project.create(folder, STAGE)
        self.project.trust(self.authority.certificate)
        self.project.set(
            {
                "BERTH_PUBLIC_URL": self.url,
                "BERTH_PEPPER": b64encode(token_bytes(32)).decode(),
                "BERTH_OIDC_ISSUER": registration.issuer,
                "BERTH_OIDC_CLIENT_ID": registration.client_id,
                "BERTH_OIDC_CLIENT_SECRET": registration.client_secret,
                "BERTH_BOOTSTRAP_CODE": code,
                "BERTH_EXTRA_CA_FILE": AUTHORITY,
            }
        )
