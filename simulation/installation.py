"""The control plane of a simulation: organisations, people and agents, over a store in memory."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

from chalicelib.adapters.sealing import AesGcmSealer
from chalicelib.adapters.signing import PepperSigner
from chalicelib.adapters.stores.sqlite import SqliteStore
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.ports.bundle import Ports, Site
from chalicelib.ports.clock import Chance
from chalicelib.ports.identity import Identity, SignInStart
from chalicelib.ports.keys import MasterKey
from chalicelib.ports.repositories import OpenRepository, RepositoryUnavailable
from chalicelib.ports.store import Store
from chalicelib.records import organisations, people
from chalicelib.usecases.access.mint import new_id
from chalicelib.usecases.access.tokens import make_token
from chalicelib.usecases.agents.register import register_agent
from simulation.clocks import ProcessClock

URL = "https://berth.test"
_PEPPER = bytes(range(32))


@dataclass(frozen=True, slots=True)
class Person:
    """A member, with a personal token."""

    id: str
    tenant: str
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tenant:
    """An organisation with its people (the owner first) and its agents, with their tokens."""

    id: str
    people: tuple[Person, ...]
    agents: tuple[tuple[str, str], ...] = field(repr=False)


class _Nobody:
    """No issuer: people have tokens."""

    def authorization_url(self, start: SignInStart) -> str:
        del start
        raise NotImplementedError

    def look(self) -> None:
        raise NotImplementedError

    def identify(self, *, code: str, issuer: str | None, start: SignInStart) -> Identity:
        del code, issuer, start
        raise NotImplementedError


class _NoRepositories:
    """No git host: devfiles come as text."""

    def open(
        self, *, url: str, ref: str | None, paths: Sequence[str], hosts: Sequence[GitHost]
    ) -> AbstractContextManager[OpenRepository]:
        del ref, paths, hosts
        raise RepositoryUnavailable(url)

    def page(self, *, url: str, hosts: Sequence[GitHost]) -> bytes:
        del hosts
        raise RepositoryUnavailable(url)


def ports_of(
    store: Store, keys: MasterKey, chance: Chance, clock: ProcessClock, site: Site
) -> Ports:
    """Wire the ports of one container, which wakes nobody."""
    return Ports(
        store=store,
        sealer=AesGcmSealer(keys, chance),
        signer=PepperSigner(_PEPPER, issuer=URL, clock=clock),
        identity=_Nobody(),
        repositories=_NoRepositories(),
        clock=clock,
        chance=chance,
        site=site,
    )


def settle(
    ports: Ports, people_count: int, agents_count: int, settings: OrganisationSettings
) -> Tenant:
    """Make an organisation with people and agents."""
    now = ports.clock.now()
    org = new_id(ports, "org")
    made = Organisation(id=org, name="acme", settings=settings, version=1, created_at=now)
    ports.store.write(organisations.put_new(made))
    members = [
        _member(ports, org, Role.DEVELOPER if number else Role.OWNER)
        for number in range(people_count)
    ]
    persons = [people.person_of(member) for member in members]
    tokens = [make_token(ports, each, name="t", lifetime_seconds=None).text for each in persons]
    agents = [
        register_agent(
            ports, persons[0], name=f"cluster-{n}", settings=AgentSettings(zone="ws.berth.test")
        )
        for n in range(agents_count)
    ]
    return Tenant(
        org,
        tuple(Person(m.id, org, token) for m, token in zip(members, tokens, strict=True)),
        tuple((each.agent.id, each.token) for each in agents),
    )


def _member(ports: Ports, org: str, role: Role) -> Member:
    user_id = new_id(ports, "usr")
    member = Member(
        id=user_id,
        organisation_id=org,
        issuer="https://issuer.invalid",
        subject=user_id,
        name="Robin",
        email="robin@example.com",
        role=role,
        version=1,
        created_at=ports.clock.now(),
    )
    ports.store.transact(people.put_new(member))
    return member


class KeptStore(SqliteStore):
    """A store in memory that can be set back to what it was."""

    def copy(self) -> bytes:
        """Return all that is stored."""
        return self._connection.serialize()

    def put_back(self, stored: bytes) -> None:
        """Store that, and nothing else."""
        self._connection.deserialize(stored)


def empty_store(clock: ProcessClock) -> KeptStore:
    """Return a store in memory."""
    return KeptStore(":memory:", now=clock.now)
