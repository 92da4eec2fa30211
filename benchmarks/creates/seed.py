"""An organisation whose quotas are exactly what the load will use up, its people and one agent."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from benchmarks.creates.load import Load
from benchmarks.installation import ports_on
from chalicelib.adapters.keys.local import LocalMasterKey
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Person, Role
from chalicelib.domain.agents.agent import AgentSettings
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import Store
from chalicelib.records import organisations, people
from chalicelib.usecases.access.mint import new_id
from chalicelib.usecases.access.tokens import make_token
from chalicelib.usecases.agents.register import register_agent


@dataclass(frozen=True, slots=True)
class Seed:
    """What was stored, and the credentials."""

    organisation_id: str
    agent_id: str
    agent_token: str = field(repr=False)
    tokens: tuple[str, ...] = field(repr=False)


def seed(store: Store, load: Load) -> Seed:
    """Store it."""
    ports = ports_on(store, LocalMasterKey(bytes(range(32))))
    settings = OrganisationSettings(
        workspaces_per_user=-(-load.creates // load.people),
        workspaces_per_agent=load.creates,
        workspaces_per_organisation=load.creates,
    )
    org, now = new_id(ports, "org"), ports.clock.now()
    store.write(organisations.put_new(Organisation(org, "benchmark", settings, 1, now)))
    members = list(_members(ports, org, load.people))
    tokens = [make_token(ports, each, name="b", lifetime_seconds=None).text for each in members]
    zone = AgentSettings(zone="workspaces.example.com")
    agent = register_agent(ports, members[0], name="cluster", settings=zone)
    return Seed(org, agent.agent.id, agent.token, tuple(tokens))


def _members(ports: Ports, organisation_id: str, count: int) -> Iterator[Person]:
    for number in range(count):
        user_id = new_id(ports, "usr")
        member = Member(
            id=user_id,
            organisation_id=organisation_id,
            issuer="https://issuer.invalid",
            subject=user_id,
            name=f"Person {number}",
            email="",
            role=Role.OWNER if number == 0 else Role.DEVELOPER,
            version=1,
            created_at=ports.clock.now(),
        )
        ports.store.transact(people.put_new(member))
        yield people.person_of(member)
