"""Who one is, the organisation, its members and invitations."""

from pydantic import Field, create_model

from chalicelib.api.call import Call
from chalicelib.api.values import (
    Closed,
    DisplayName,
    Listing,
    Paging,
    Shown,
    after,
    following,
    moment,
    moment_or_none,
    optional_fields,
)
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.usecases.organisations.change import change_organisation
from chalicelib.usecases.organisations.members import change_role, invite, remove_member
from chalicelib.usecases.organisations.read import list_members, read_organisation, who_am_i

SettingsChange = create_model(
    "OrganisationSettingsChange", __base__=Closed, **optional_fields(OrganisationSettings)
)


class ShownOrganisation(Shown):
    """An organisation."""

    id: str
    name: str
    settings: OrganisationSettings
    created_at: str


class OrganisationName(Shown):
    """An organisation's id and name."""

    id: str
    name: str


class Me(Shown):
    """The person that a credential belongs to."""

    id: str
    name: str
    email: str
    role: Role
    organisation: OrganisationName


class ShownMember(Shown):
    """A member; a removed one has ``removed_at``."""

    id: str
    name: str
    email: str
    issuer: str
    role: Role
    created_at: str
    removed_at: str | None


class ShownInvitation(Shown):
    """An invitation. Its address, which holds the one-time code, is shown this once."""

    id: str
    role: Role
    expires_at: str
    code: str
    url: str


class OrganisationChange(Closed):
    """What to change of an organisation; settings that are not named stay."""

    name: DisplayName | None = None
    settings: SettingsChange | None = None


class MemberChange(Closed):
    """The role to give."""

    role: Role


class NewInvitation(Closed):
    """The role that whoever takes the invitation gets."""

    role: Role = Field(default=Role.DEVELOPER)


def show_me(call: Call) -> Me:
    """Show who you are."""
    member, organisation = who_am_i(call.ports, call.person)
    return Me(
        id=member.id,
        name=member.name,
        email=member.email,
        role=member.role,
        organisation=OrganisationName(id=organisation.id, name=organisation.name),
    )


def show_organisation(call: Call) -> ShownOrganisation:
    """Show your organisation and its settings."""
    return _organisation(read_organisation(call.ports, call.person))


def patch_organisation(call: Call, body: OrganisationChange) -> ShownOrganisation:
    """Change your organisation's name or settings. For owners."""
    changes = None if body.settings is None else body.settings.given()
    return _organisation(
        change_organisation(call.ports, call.person, name=body.name, changes=changes)
    )


def get_members(call: Call, query: Paging) -> Listing[ShownMember]:
    """List the members. For owners and auditors."""
    ports, person = call.ports, call.person
    page = list_members(
        ports, person, after=after(ports, person, "members", query.cursor), limit=query.limit
    )
    return Listing[ShownMember](
        items=tuple(map(_member, page.members)), next=following(ports, person, "members", page.next)
    )


def patch_member(call: Call, user_id: str, body: MemberChange) -> ShownMember:
    """Give a member another role, which holds at once. For owners."""
    return _member(change_role(call.ports, call.person, user_id, body.role))


def delete_member(call: Call, user_id: str) -> None:
    """Remove a member, whose sessions and tokens end at once. For owners."""
    remove_member(call.ports, call.person, user_id)


def post_invitation(call: Call, body: NewInvitation) -> ShownInvitation:
    """Make a one-time address that lets one more person in; it holds for a week. For owners."""
    made = invite(call.ports, call.person, role=body.role, attempt=call.attempt)
    return ShownInvitation(
        id=made.invitation.id,
        role=made.invitation.role,
        expires_at=moment(made.invitation.expires_at),
        code=made.code,
        url=f"{call.ports.site.public_url}/sign-in?code={made.code}",
    )


def _organisation(organisation: Organisation) -> ShownOrganisation:
    return ShownOrganisation(
        id=organisation.id,
        name=organisation.name,
        settings=organisation.settings,
        created_at=moment(organisation.created_at),
    )


def _member(member: Member) -> ShownMember:
    return ShownMember(
        id=member.id,
        name=member.name,
        email=member.email,
        issuer=member.issuer,
        role=member.role,
        created_at=moment(member.created_at),
        removed_at=moment_or_none(member.removed_at),
    )
