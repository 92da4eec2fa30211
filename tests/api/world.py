"""An installation in memory behind the real Chalice app, and people and agents who call it."""

import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chalice.test import Client, HTTPResponse

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.https import JsonOverHttps
from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.adapters.oidc import OpenIdConnect
from chalicelib.adapters.repositories import GitRepositoryReader
from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.adapters.signing import PepperSigner
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.adapters.system import SystemChance
from chalicelib.api.auth import SESSION_COOKIE
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.ports.bundle import Ports, Site
from chalicelib.records import organisations, people
from chalicelib.usecases.access.mint import new_id, proxy_token
from chalicelib.usecases.access.sessions import open_session
from chalicelib.usecases.access.tokens import make_token
from chalicelib.usecases.agents.register import AgentWithToken, register_agent
from tests.doubles import SteppedClock, WatchedStore

URL = "https://berth.test"
CODE = "bootstrap-code-of-the-test"
PEPPER = bytes(range(32))

DEVFILE = """\
schemaVersion: 2.2.2
metadata:
  name: small
components:
  - name: main
    container:
      image: registry.example/dev:1
"""


def ports_of(clock: SteppedClock, store: WatchedStore) -> Ports:
    """Return the ports that `bootstrap` would build, on a store in memory and a stepped clock."""
    chance = SystemChance()
    return Ports(
        store=store,
        sealer=AesGcmSealer(LocalMasterKey(bytes(32)), chance),
        signer=PepperSigner(PEPPER, issuer=URL, clock=clock),
        identity=OpenIdConnect(
            issuer="https://issuer.invalid",
            client_id="berth",
            client_secret="secret",
            https=JsonOverHttps(ssl.create_default_context()),
            clock=clock,
        ),
        repositories=GitRepositoryReader(),
        clock=clock,
        chance=chance,
        site=Site(public_url=URL, bootstrap_code=CODE),
    )


@dataclass
class World:
    """The installation. `owner` owns the first organisation."""

    clock: SteppedClock = field(default_factory=SteppedClock)
    database: SqliteStore = field(init=False)
    store: WatchedStore = field(init=False)
    ports: Ports = field(init=False)
    client: Client = field(init=False)
    organisation: str = field(init=False)
    owner: Member = field(init=False)

    def __post_init__(self) -> None:
        self.database = SqliteStore(":memory:", now=self.clock.now)
        self.store = WatchedStore(self.database)
        self.ports = ports_of(self.clock, self.store)
        bootstrap.use(self.ports)
        self.client = Client(app, stage_name="tests")  # which has no environment of its own
        self.organisation = self.new_organisation()
        self.owner = self.member(Role.OWNER)

    def close(self) -> None:
        """Leave no installation behind."""
        bootstrap.use(None)
        self.database.close()

    def change_site(self, **changes: Any) -> None:
        """Run with another site."""
        self.ports = replace(self.ports, site=replace(self.ports.site, **changes))
        bootstrap.use(self.ports)

    def new_organisation(self) -> str:
        """Make an organisation."""
        made = Organisation(
            id=new_id(self.ports, "org"),
            name="acme",
            settings=OrganisationSettings(),
            version=1,
            created_at=self.clock.now(),
        )
        self.store.write(organisations.put_new(made))
        return made.id

    def member(self, role: Role, organisation: str = "") -> Member:
        """Make a member."""
        user_id = new_id(self.ports, "usr")
        member = Member(
            id=user_id,
            organisation_id=organisation or self.organisation,
            issuer="https://issuer.invalid",
            subject=user_id,
            name="Robin",
            email="robin@example.com",
            role=role,
            version=1,
            created_at=self.clock.now(),
        )
        self.store.transact(people.put_new(member))
        return member

    def token(self, member: Member | None = None) -> str:
        """Make a personal token."""
        person = people.person_of(member or self.owner)
        return make_token(self.ports, person, name="test", lifetime_seconds=None).text

    def session(self, member: Member | None = None) -> str:
        """Open a session and return its cookie."""
        return open_session(self.ports, member or self.owner).cookie

    def agent(self, owner: Member | None = None) -> AgentWithToken:
        """Register an agent."""
        person = people.person_of(owner or self.owner)
        settings = AgentSettings(zone="ws.berth.test")
        return register_agent(self.ports, person, name="cluster", settings=settings)

    def proxy(self, agent: AgentWithToken) -> str:
        """Return the token of an agent's proxy."""
        return proxy_token(self.ports.signer, agent.agent)

    def call(
        self,
        method: str,
        path: str,
        *,
        token: str = "",
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """Call the app as a program does."""
        sent = {"Authorization": f"Bearer {token}"} if token else {}
        if body is not None:
            sent["Content-Type"] = "application/json"
        content = (
            body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        )
        return self.client.http.request(
            method, path, headers={**sent, **(headers or {})}, body=content
        )

    def browse(
        self,
        method: str,
        path: str,
        cookie: str,
        *,
        body: object = None,
        headers: Mapping[str, str] | None = None,
    ) -> HTTPResponse:
        """Call the app as our own page in a browser does."""
        sent = {
            "Cookie": f"{SESSION_COOKIE}={cookie}",
            "Content-Type": "application/json",
            "Origin": URL,
            "Sec-Fetch-Site": "same-origin",
            "X-Berth-CSRF": "1",
        }
        return self.call(method, path, body=body, headers={**sent, **(headers or {})})

    def workspace(self, agent: AgentWithToken, member: Member | None = None) -> Any:
        """Create a workspace and return what the API says of it."""
        made = self.call(
            "POST",
            "/api/v1/workspaces",
            token=self.token(member),
            body={"name": "small", "agent_id": agent.agent.id, "devfile": DEVFILE},
        )
        assert made.status_code == 201, made.body
        return made.json_body
