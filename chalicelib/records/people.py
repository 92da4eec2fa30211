"""Members, and the instance rows that find them by issuer and subject."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Person, Role
from chalicelib.ports.store import (
    Absent,
    Delete,
    Equals,
    Item,
    Key,
    Put,
    Store,
    Update,
    Value,
)
from chalicelib.records import keys
from chalicelib.records.attributes import (
    SCHEMA,
    milliseconds,
    moment,
    moment_or_none,
    number,
    text,
)
from chalicelib.records.pages import every_item


@dataclass(frozen=True, slots=True)
class MemberPage:
    """Members in order of id; ``next`` goes on."""

    members: tuple[Member, ...]
    next: str | None


def load(store: Store, organisation_id: str, user_id: str) -> Member | None:
    """Return the member, a removed one too."""
    item = store.get(keys.member(organisation_id, user_id))
    return None if item is None else from_item(item, organisation_id)


def load_beside(
    store: Store, key: Key, organisation_id: str, user_id: str | None
) -> tuple[Item | None, Member | None]:
    """Return another item of the organisation, and in the same call the member, where one is named."""
    if user_id is None:
        return store.get(key), None
    own = keys.member(organisation_id, user_id)
    found = store.get_many([key, own])
    member = found.get(own)
    return found.get(key), None if member is None else from_item(member, organisation_id)


def load_page(
    store: Store, organisation_id: str, *, after: str | None = None, limit: int | None = None
) -> MemberPage:
    """Return a page of the organisation's members, removed ones too."""
    page = store.query(
        keys.of_organisation(organisation_id), prefix=keys.MEMBERS, after=after, limit=limit
    )
    return MemberPage(tuple(from_item(item, organisation_id) for item in page.items), page.next)


def every_member(store: Store, organisation_id: str) -> Iterator[Member]:
    """Yield the organisation's members, removed ones too."""
    partition = keys.of_organisation(organisation_id)
    for item in every_item(store, partition, keys.MEMBERS):
        yield from_item(item, organisation_id)


def find(store: Store, issuer: str, subject: str) -> Member | None:
    """Return the member that a person of an issuer is, wherever."""
    item = store.get(keys.identity(issuer, subject))
    if item is None:
        return None
    found = item.attributes
    return load(store, text(found, "organisation"), text(found, "user"))


def every_organisation(store: Store) -> Iterator[str]:
    """Yield the ids of all organisations of the installation: each keeps an owner."""
    met: set[str] = set()
    for item in every_item(store, keys.IDENTITIES, ""):
        organisation_id = text(item.attributes, "organisation")
        if organisation_id not in met:
            met.add(organisation_id)
            yield organisation_id


def put_new(member: Member) -> list[Put]:
    """Write a new member and the row that finds it; fails when the person is a member already."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "issuer": member.issuer,
        "subject": member.subject,
        "name": member.name,
        "email": member.email,
        "role": member.role.value,
        "version": member.version,
        "created": milliseconds(member.created_at),
    }
    found_by: dict[str, Value] = {
        "v": SCHEMA,
        "organisation": member.organisation_id,
        "user": member.id,
    }
    return [
        Put(Item(keys.member(member.organisation_id, member.id), attributes), when=[Absent()]),
        Put(Item(keys.identity(member.issuer, member.subject), found_by), when=[Absent()]),
    ]


def change_role(member: Member, role: Role) -> Update:
    """Write the role, if nobody else changed the member since."""
    return Update(
        keys.member(member.organisation_id, member.id),
        set={"role": role.value},
        add={"version": 1},
        when=[Equals("version", member.version)],
    )


def rename(member: Member, name: str, email: str) -> Update:
    """Write what the issuer calls the person now."""
    return Update(
        keys.member(member.organisation_id, member.id),
        set={"name": name, "email": email},
        add={"version": 1},
        when=[Equals("version", member.version)],
    )


def remove(member: Member, at: float) -> list[Update | Delete]:
    """Keep the member as removed, and forget how to find it: a later sign-in is a stranger's."""
    return [
        Update(
            keys.member(member.organisation_id, member.id),
            set={"removed": milliseconds(at)},
            add={"version": 1},
            when=[Equals("version", member.version)],
        ),
        Delete(keys.identity(member.issuer, member.subject)),
    ]


def is_bootstrapped(store: Store) -> bool:
    """Whether the installation had its first owner."""
    return store.get(keys.bootstrap()) is not None


def bootstrapped(at: float, organisation_id: str) -> Put:
    """Take the one row that lets an installation have its first owner."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "organisation": organisation_id,
        "at": milliseconds(at),
    }
    return Put(Item(keys.bootstrap(), attributes), when=[Absent()])


def person_of(member: Member, session_id: str = "") -> Person:
    """Return who acts, as decisions see it."""
    return Person(member.id, member.organisation_id, member.role, member.name, session_id)


def from_item(item: Item, organisation_id: str) -> Member:
    """Return the member that an item holds."""
    stored = item.attributes
    return Member(
        id=keys.last_part(item.key.sort),
        organisation_id=organisation_id,
        issuer=text(stored, "issuer"),
        subject=text(stored, "subject"),
        name=text(stored, "name"),
        email=text(stored, "email"),
        role=Role(text(stored, "role")),
        version=number(stored, "version"),
        created_at=moment(stored, "created"),
        removed_at=moment_or_none(stored, "removed"),
    )
