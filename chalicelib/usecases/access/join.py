"""Becoming a member: by the bootstrap code as the first owner, by an invitation ever after."""

import hmac

from chalicelib.domain.access.credentials import Token, TokenKind, parse_token
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


def join(ports: Ports, identity: Identity, code: str) -> Member:
    """Make the person a member by the code. Raises Forbidden (``not-a-member``)."""
    writes: list[Write]
    invitation = parse_token(code)
    if invitation is not None and invitation.kind is TokenKind.INVITATION:
        member, writes = _by_invitation(ports, identity, invitation)
    else:
        member, writes = _as_first_owner(ports, identity, code)
    writes += people.put_new(member)
    writes += audit(ports, people.person_of(member), "members:join", member.id, is_new=True)
    try:
        ports.store.transact(writes)
    except ConditionFailed as error:
        raise _refused() from error
    return member


def _by_invitation(ports: Ports, identity: Identity, code: Token) -> tuple[Member, list[Write]]:
    invitation = tokens.load_invitation(ports.store, code.organisation_id, code.id)
    digest = ports.signer.digest(code.text)
    if invitation is None or not hmac.compare_digest(invitation.digest, digest):
        raise _refused()
    member = _member(ports, identity, invitation.organisation_id, invitation.role)
    return member, [tokens.take_invitation(invitation)]


def _as_first_owner(ports: Ports, identity: Identity, code: str) -> tuple[Member, list[Write]]:
    wanted = ports.site.bootstrap_code
    digests = ports.signer.digest(wanted), ports.signer.digest(code)
    if not hmac.compare_digest(*digests) or not wanted:
        raise _refused()
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
