"""Inviting people, changing their roles, removing them."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from chalicelib.domain.access.credentials import Invitation, TokenKind
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Action, Person, Role
from chalicelib.domain.errors import Clash, Missing
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed, Write
from chalicelib.records import idempotency, organisations, people, tokens
from chalicelib.records.idempotency import Attempt
from chalicelib.usecases.access.mint import mint, new_id, new_seed
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import audit

INVITATION_SECONDS = 7 * 24 * 3600


@dataclass(frozen=True, slots=True)
class MadeInvitation:
    """An invitation, and its one-time code, which is shown once."""

    invitation: Invitation
    code: str = field(repr=False)


def invite(
    ports: Ports, person: Person, *, role: Role, attempt: Attempt | None = None
) -> MadeInvitation:
    """Make a code that lets one more person in, with the role; it holds for a week."""
    require(person, Action.MEMBERS_CHANGE)
    if (earlier := idempotency.find(ports.store, attempt)) is not None:
        return _invited_before(ports, person, earlier)
    invitation_id, seed = new_id(ports, "inv"), new_seed(ports)
    minted = mint(
        ports.signer, TokenKind.INVITATION, person.organisation_id, invitation_id, seed=seed
    )
    now = ports.clock.now()
    invitation = Invitation(
        id=invitation_id,
        organisation_id=person.organisation_id,
        role=role,
        digest=minted.digest,
        invited_by=person.id,
        created_at=now,
        expires_at=now + INVITATION_SECONDS,
    )
    try:
        ports.store.transact(
            [
                tokens.put_new_invitation(invitation),
                *audit(
                    ports,
                    person,
                    "members:invite",
                    invitation_id,
                    detail=role.value,
                    is_new=True,
                ),
                *idempotency.put(attempt, f"{invitation_id} {seed}"),
            ]
        )
    except ConditionFailed:
        if (earlier := idempotency.find(ports.store, attempt)) is None:
            raise
        return _invited_before(ports, person, earlier)
    return MadeInvitation(invitation, minted.text)


def _invited_before(ports: Ports, person: Person, earlier: str) -> MadeInvitation:
    invitation_id, _, seed = earlier.partition(" ")
    invitation = tokens.load_invitation(ports.store, person.organisation_id, invitation_id)
    if invitation is None:
        raise Missing("no-such-invitation", "The invitation that this request made was used since.")
    minted = mint(
        ports.signer, TokenKind.INVITATION, person.organisation_id, invitation_id, seed=seed
    )
    return MadeInvitation(invitation, minted.text)


def change_role(ports: Ports, person: Person, user_id: str, role: Role) -> Member:
    """Give a member another role; it holds from the member's next request on."""
    member = _member(ports, person, user_id)
    writes: list[Write] = [
        people.change_role(member, role),
        *audit(ports, person, "members:change-role", user_id, detail=role.value),
    ]
    _carry_out(ports, member, writes, leaves_owner=role is Role.OWNER)
    return replace(member, role=role, version=member.version + 1)


def remove_member(ports: Ports, person: Person, user_id: str) -> None:
    """Remove a member: sessions, tokens and ways into workspaces fail from the next call on."""
    member = _member(ports, person, user_id)
    writes: list[Write] = [
        *people.remove(member, ports.clock.now()),
        *audit(ports, person, "members:remove", user_id),
    ]
    _carry_out(ports, member, writes, leaves_owner=False)


def _member(ports: Ports, person: Person, user_id: str) -> Member:
    require(person, Action.MEMBERS_CHANGE)
    member = people.load(ports.store, person.organisation_id, user_id)
    if member is None or member.removed_at is not None:
        raise Missing("no-such-member", "There is no such member.")
    return member


def _carry_out(
    ports: Ports, member: Member, writes: Sequence[Write], *, leaves_owner: bool
) -> None:
    organisation = organisations.load(ports.store, member.organisation_id)
    if not leaves_owner and not _has_another_owner(ports, member):
        raise Clash("last-owner", "The organisation must keep an owner. Name another one first.")
    try:
        ports.store.transact([*writes, organisations.members_changed(organisation)])
    except ConditionFailed as error:
        message = "Somebody else changed members at the same time. Read them and try again."
        raise Clash("changed-meanwhile", message) from error


def _has_another_owner(ports: Ports, member: Member) -> bool:
    return any(
        other.role is Role.OWNER and other.removed_at is None and other.id != member.id
        for other in people.every_member(ports.store, member.organisation_id)
    )
