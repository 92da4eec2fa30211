"""Berth deployed as the how-to says: data stack, secrets, the stage that `infra.stage` writes, `chalice deploy`, a domain."""

from base64 import b64encode
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from secrets import token_bytes, token_urlsafe

import httpx

from berth_local.authority import Authority, trust
from berth_local.aws import stacks
from berth_local.aws.account import Account
from berth_local.aws.domain import Api, Domain, url_of
from berth_local.aws.emulator import Emulator
from berth_local.aws.project import Project
from berth_local.issuer import Issuer, Registration
from berth_local.loopback import free_port
from berth_local.raising import Raised
from berth_local.site.person import Person, sign_in
from infra.stage import Choices

OWNER = "robin"


@dataclass
class Deployment(Raised):
    """An installation for the life of the context; ``owner`` has signed in with the bootstrap code."""

    account: Account
    name: str
    split: bool = False
    url: str = field(init=False)
    choices: Choices = field(init=False)
    secrets: Mapping[str, str] = field(init=False, repr=False)
    """In the parameter store, by name."""
    stages: Mapping[str, Project] = field(init=False)
    """What is deployed, by the surface that it answers."""
    owner: Person = field(init=False)
    _stack: ExitStack = field(default_factory=ExitStack)

    @property
    def aws(self) -> Emulator:
        """Where it is deployed to."""
        return self.account.aws

    @property
    def authority(self) -> Authority:
        """Whom the domain and the issuer have their certificates of."""
        return self.account.authority

    @property
    def project(self) -> Project:
        """The stage that people reach."""
        return self.stages["people" if self.split else "all"]

    @property
    def api(self) -> str:
        """Id of the API that people reach."""
        return self.project.api

    def client(self, token: str = "") -> httpx.Client:
        """Return a client of the control plane, through the domain and the gateway."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        checked = trust(self.authority.certificate)
        return httpx.Client(base_url=self.url, headers=headers, verify=checked, timeout=40)

    def _raise(self) -> None:
        step, port = self.account.steps.step, free_port()
        self.url = url_of(port)
        with step(f"{self.name}: OpenID server"):
            registration = self._start_issuer()
        with step(f"{self.name}: table and key, by infra/stack.yaml"):
            outputs = stacks.create_data(self.aws, self.name)
        self._decide(registration)
        stacks.keep_secrets(self.aws, self.name, self.secrets)
        self.stages = {
            surface: Project(self.account.project, stage)
            for stage, surface in self.choices.surfaces(self.name).items()
        }
        with step(f"{self.name}: what is left to wait for the package"):
            _ = self.account.packaged
        self.project.write_stages(self.name, outputs, self.choices)
        with step(f"{self.name}: chalice deploy"):
            for stage in self.stages.values():
                stage.deploy(self.aws)
        with step(f"{self.name}: domain, and the first answer"):
            self._stack.enter_context(self._domain(port))
        with step(f"{self.name}: {OWNER} signs in and owns the organisation"):
            code = self.secrets["bootstrap_code"]
            self.owner = sign_in(self.url, self.authority.certificate, OWNER, code=code)

    def _start_issuer(self) -> Registration:
        port = free_port()
        registration = Registration(f"https://127.0.0.1:{port}", f"{self.url}/sign-in/callback")
        identity = self.authority.issue("127.0.0.1")
        log = self.account.project.with_name(f"issuer-{self.name}.log")
        self._stack.enter_context(Issuer(registration, port, identity, log))
        return registration

    def _decide(self, registration: Registration) -> None:
        self.choices = Choices(
            self.url, registration.issuer, registration.client_id, split=self.split
        )
        self.secrets = {
            "pepper": b64encode(token_bytes(32)).decode(),
            "oidc_client_secret": registration.client_secret,
            "bootstrap_code": token_urlsafe(24),
        }

    def _domain(self, port: int) -> Domain:
        people, *_ = apis = [Api(each.api, each.stage) for each in self.stages.values()]
        return Domain(self.aws, people, apis[-1], port, self.authority)
