"""An installation in this process behind the real Chalice app, with its store and keys on a meter."""

import json
import operator
import os
import ssl
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack, redirect_stdout
from dataclasses import astuple, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from chalice.app import Response
from chalice.test import Client

from app import app
from chalicelib import bootstrap
from chalicelib.adapters.https import JsonOverHttps
from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.adapters.metrics import EmbeddedMetrics
from chalicelib.adapters.oidc import OpenIdConnect
from chalicelib.adapters.repositories import GitRepositoryReader
from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.adapters.signing import PepperSigner
from chalicelib.adapters.stores.dynamodb import DynamoStore
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.adapters.system import SystemChance, SystemClock
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.ports.bundle import Ports, Site
from chalicelib.ports.keys import Context, DataKey, MasterKey
from chalicelib.ports.store import Item, Key, Page, Store, Write
from chalicelib.records import organisations, people
from chalicelib.usecases.access.mint import new_id
from chalicelib.usecases.access.tokens import make_token
from chalicelib.usecases.agents.register import register_agent
from tests.contracts.dynamodb_local import DynamoDbLocal

T = TypeVar("T")
URL = "https://berth.example.com"
TABLE = "berth"
NO_OP = "/nothing"
IN_MEMORY = Path("/dev/shm")  # noqa: S108 - the disk's own speed is not what is asked for


@dataclass(slots=True)
class Meter:
    """Calls and the seconds that they took."""

    calls: int = 0
    seconds: float = 0.0

    def around(self, act: Callable[[], T]) -> T:
        """Do it, measured."""
        began = time.perf_counter()
        try:
            return act()
        finally:
            self.calls += 1
            self.seconds += time.perf_counter() - began


@dataclass(frozen=True, slots=True)
class MeteredStore:
    """A real store, measured."""

    store: Store
    reads: Meter = field(default_factory=Meter)
    writes: Meter = field(default_factory=Meter)

    def get(self, key: Key) -> Item | None:
        """See the port."""
        return self.reads.around(lambda: self.store.get(key))

    def get_many(self, keys: Sequence[Key]) -> Mapping[Key, Item]:
        """See the port."""
        return self.reads.around(lambda: self.store.get_many(keys))

    def query(self, partition: str, **how: Any) -> Page:
        """See the port."""
        return self.reads.around(lambda: self.store.query(partition, **how))

    def write(self, write: Write) -> None:
        """See the port."""
        self.writes.around(lambda: self.store.write(write))

    def transact(self, writes: Iterable[Write]) -> None:
        """See the port."""
        self.writes.around(lambda: self.store.transact(writes))


@dataclass(frozen=True, slots=True)
class MeteredKeys:
    """A real master key, measured."""

    keys: MasterKey
    uses: Meter = field(default_factory=Meter)

    def make_data_key(self, context: Context) -> DataKey:
        """See the port."""
        return self.uses.around(lambda: self.keys.make_data_key(context))

    def open_data_key(self, wrapped: bytes, context: Context) -> bytes:
        """See the port."""
        return self.uses.around(lambda: self.keys.open_data_key(wrapped, context))


@dataclass(frozen=True, slots=True)
class Exchange:
    """One message of an agent and its answer, in bytes and seconds."""

    sent: int
    received: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Cost:
    """What requests cost: seconds in all and in the store, calls of the store, uses of the key."""

    seconds: float
    reads: float
    writes: float
    store_seconds: float
    key_uses: float

    def __sub__(self, earlier: "Cost") -> "Cost":
        return Cost(*map(operator.sub, astuple(self), astuple(earlier)))

    def __truediv__(self, calls: int) -> "Cost":
        return Cost(*(part / calls for part in astuple(self)))


class Registered:
    """An agent of an installation, as far as it speaks. ``exchanges``: what it said so far."""

    def __init__(self, installation: "Installation", agent_id: str, token: str) -> None:
        self.id, self.token = agent_id, token
        self._installation = installation
        self.exchanges: list[Exchange] = []

    def reconcile(self, body: Mapping[str, Any]) -> Any:
        """Ask."""
        sent, began = json.dumps(body).encode(), time.perf_counter()
        answer = self._installation.post("/agent/v1/reconcile", self.token, sent)
        seconds = time.perf_counter() - began
        self.exchanges.append(Exchange(len(sent), len(answer), seconds))
        return json.loads(answer)


class Installation:
    """One organisation, its owner and one agent, for the life of the context.

    ``root``: where the store's folder is made, else where temporary files are.
    """

    def __init__(self, store: str, *, root: Path | None = None) -> None:
        self._kind = store
        self._root = root
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        scratch = tempfile.TemporaryDirectory(prefix="berth-bench-", dir=self._root)
        self.folder = Path(self._stack.enter_context(scratch))
        self.store = MeteredStore(self._open_store(self.folder))
        self.keys = MeteredKeys(LocalMasterKey(bytes(range(32))))
        self.ports = ports_on(self.store, self.keys)
        bootstrap.use(self.ports)
        self._stack.callback(bootstrap.use, None)
        if NO_OP not in app.routes:
            app.route(NO_OP)(lambda: Response("", {"Content-Type": "text/plain"}, 200))
        # Written as in a deployment, and not among the figures.
        self._lines = self._stack.enter_context(Path(os.devnull).open("w", encoding="utf-8"))
        self._client = Client(app, stage_name="benchmarks")  # which has no environment of its own
        self._owner = people.person_of(_owner(self.ports))
        self._token = make_token(self.ports, self._owner, name="b", lifetime_seconds=None).text
        self.agent = self.register("cluster")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    def register(self, name: str) -> Registered:
        """Register an agent."""
        settings = AgentSettings(zone="workspaces.example.com")
        made = register_agent(self.ports, self._owner, name=name, settings=settings)
        return Registered(self, made.agent.id, made.token)

    def create(self, body: Mapping[str, Any]) -> str:
        """Create a workspace, of the first agent where the body names none, and return its id."""
        whole = json.dumps({"agent_id": self.agent.id, **body}).encode()
        return str(json.loads(self.post("/api/v1/workspaces", self._token, whole))["id"])

    def reconcile(self, body: Mapping[str, Any]) -> Any:
        """Ask as the first agent."""
        return self.agent.reconcile(body)

    def do_nothing(self) -> None:
        """Ask for a route of the same app that does nothing. Raises RuntimeError where there is none."""
        if self._client.http.get(NO_OP).status_code != 200:
            raise RuntimeError(f"{NO_OP} is no route")

    def cost(self, act: Callable[[], object]) -> Cost:
        """Do it and return what it cost."""
        before = self._spent()
        act()
        return self._spent() - before

    def _spent(self) -> Cost:
        reads, writes = self.store.reads, self.store.writes
        seconds, uses = reads.seconds + writes.seconds, self.keys.uses.calls
        return Cost(time.perf_counter(), reads.calls, writes.calls, seconds, uses)

    def post(self, path: str, token: str, body: bytes) -> bytes:
        """POST, and return the answer's body. Raises RuntimeError where it is refused."""
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        with redirect_stdout(self._lines):
            answer = self._client.http.post(path, headers=headers, body=body)
        if answer.status_code >= 300:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.body!r}")
        return bytes(answer.body)

    def _open_store(self, folder: Path) -> Store:
        if self._kind == "dynamodb":
            local = self._stack.enter_context(DynamoDbLocal(folder))
            return DynamoStore(local.client(TABLE), TABLE)
        store = SqliteStore(str(folder / "berth.sqlite"))
        self._stack.callback(store.close)
        return store


def ports_on(store: Store, keys: MasterKey) -> Ports:
    """The ports of a process on this store and these keys."""
    clock, chance = SystemClock(), SystemChance()
    return Ports(
        store=store,
        sealer=AesGcmSealer(keys, chance),
        signer=PepperSigner(bytes(range(32)), issuer=URL, clock=clock),
        identity=OpenIdConnect(  # nobody signs in
            issuer="https://issuer.invalid",
            client_id="berth",
            client_secret="",
            https=JsonOverHttps(ssl.create_default_context()),
            clock=clock,
        ),
        repositories=GitRepositoryReader(),
        clock=clock,
        chance=chance,
        site=Site(public_url=URL),
        metrics=EmbeddedMetrics("dev"),
    )


def _owner(ports: Ports) -> Member:
    """Store an organisation with room for all, and its owner."""
    now = ports.clock.now()
    settings = OrganisationSettings(workspaces_per_user=10_000, workspaces_per_agent=10_000)
    organisation = Organisation(new_id(ports, "org"), "benchmark", settings, 1, now)
    ports.store.write(organisations.put_new(organisation))
    user_id = new_id(ports, "usr")
    member = Member(
        id=user_id,
        organisation_id=organisation.id,
        issuer="https://issuer.invalid",
        subject=user_id,
        name="Owner",
        email="",
        role=Role.OWNER,
        version=1,
        created_at=now,
    )
    ports.store.transact(people.put_new(member))
    return member
