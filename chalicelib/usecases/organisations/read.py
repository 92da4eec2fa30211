"""Reading the organisation and its members."""

from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.errors import Unauthenticated
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.ports.bundle import Ports
from chalicelib.records import organisations, people
from chalicelib.records.people import MemberPage
from chalicelib.usecases.access.permission import require


def read_organisation(ports: Ports, person: Person) -> Organisation:
    """Return the person's organisation."""
    require(person, Action.ORGANISATION_READ)
    return organisations.load(ports.store, person.organisation_id)


def who_am_i(ports: Ports, person: Person) -> tuple[Member, Organisation]:
    """Return the person's own record, and the organisation."""
    member = people.load(ports.store, person.organisation_id, person.id)
    if member is None:
        raise Unauthenticated("unknown-credential", "You are no member any more.")
    return member, organisations.load(ports.store, person.organisation_id)


def list_members(ports: Ports, person: Person, *, after: str | None, limit: int) -> MemberPage:
    """Return a page of the members, removed ones too."""
    require(person, Action.MEMBERS_READ)
    return people.load_page(ports.store, person.organisation_id, after=after, limit=limit)
