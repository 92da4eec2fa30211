"""Becoming a member: by the bootstrap code as the first owner, by an invitation ever after."""

import hmac
from dataclasses import dataclass

from chalicelib.domain.access.credentials import Invitation, TokenKind, parse_token
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.domain.errors import Forbidden
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.ports.bundle import Ports
from chalicelib.ports.identity import Identity
from chalicelib.ports.store import ConditionFailed, Write
from chalicelib.records import organisations, people, tokens
from chalicelib.usecases.access.mint import new_id
from chalicelib.usecases.audit.write import audit

FIRST_ORGANISATION = "default"


@dataclass(frozen=True, slots=True)
class Offer:
    """What a code makes of who brings it. ``organisation`` is empty where it founds the first one."""

    role: Role
    organisation: str = ""


def offered(ports: Ports, code: str) -> Offer:
    """Return what the code would do now. Raises Forbidden (``code-refused``)."""
    invitation = _invitation(ports, code)
    if invitation is not None:
        organisation = organisations.load(ports.store, invitation.organisation_id)
        return Offer(invitation.role, organisation.name)
    if _is_bootstrap_code(ports, code) and not people.is_bootstrapped(ports.store):
        return Offer(Role.OWNER)
    raise Forbidden(
        "code-refused",
        "This link lets nobody in: it was used already, is too old, or was not copied whole. "
        "Ask an owner for an invitation. If you are a member, sign in from the start page.",
    )


def join(ports: Ports, identity: Identity, code: str) -> Member:
    """Make the person a member by the code. Raises Forbidden (``not-a-member``)."""
    writes: list[Write]
    invitation = _invitation(ports, code)
    if invitation is not None:
        member = _member(ports, identity, invitation.organisation_id, invitation.role)
        writes = [tokens.take_invitation(invitation)]
    elif _is_bootstrap_code(ports, code):
        member, writes = _as_first_owner(ports, identity)
    else:
        raise _refused()
    writes += people.put_new(member)
    writes += audit(ports, people.person_of(member), "members:join", member.id, is_new=True)
    try:
        ports.store.transact(writes)
    except ConditionFailed as error:
        raise _refused() from error
    return member


def _invitation(ports: Ports, code: str) -> Invitation | None:
    """Return the invitation that the code proves."""
    token = parse_token(code)
    if token is None or token.kind is not TokenKind.INVITATION:
        return None
    invitation = tokens.load_invitation(ports.store, token.organisation_id, token.id)
    digest = ports.signer.digest(code)
    if invitation is None or not hmac.compare_digest(invitation.digest, digest):
        return None
    return invitation


def _is_bootstrap_code(ports: Ports, code: str) -> bool:
    wanted = ports.site.bootstrap_code
    digests = ports.signer.digest(wanted), ports.signer.digest(code)
    return hmac.compare_digest(*digests) and bool(wanted)


def _as_first_owner(ports: Ports, identity: Identity) -> tuple[Member, list[Write]]:
    now = ports.clock.now()
    organisation = Organisation(
        id=new_id(ports, "org"),
        name=FIRST_ORGANISATION,
        settings=OrganisationSettings(),
        version=1,
        created_at=now,
    )
    member = _member(ports, identity, organisation.id, Role.OWNER)
    return member, [
        people.bootstrapped(now, organisation.id),
        organisations.put_new(organisation),
    ]


def _member(ports: Ports, identity: Identity, organisation_id: str, role: Role) -> Member:
    return Member(
        id=new_id(ports, "usr"),
        organisation_id=organisation_id,
        issuer=identity.issuer,
        subject=identity.subject,
        name=identity.name,
        email=identity.email,
        role=role,
        version=1,
        created_at=ports.clock.now(),
    )


def _refused() -> Forbidden:
    return Forbidden(
        "not-a-member",
        "You are signed in, but you are no member here, and no valid code came with you. "
        "Ask an owner for an invitation and open the link that it makes.",
    )
