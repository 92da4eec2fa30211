"""Personal tokens and invitations: what one shows to be let in, as keyed digests."""

from collections.abc import Iterator

from chalicelib.domain.access.credentials import Invitation, PersonalToken
from chalicelib.domain.access.member import Member
from chalicelib.domain.access.roles import Role
from chalicelib.ports.store import Absent, Check, Delete, Exists, Item, Put, Store, Update, Value
from chalicelib.records import keys, people
from chalicelib.records.attributes import (
    SCHEMA,
    milliseconds,
    moment,
    moment_or_none,
    octets,
    text,
)
from chalicelib.records.pages import every_item


def load(store: Store, organisation_id: str, token_id: str) -> PersonalToken | None:
    """Return the personal token."""
    item = store.get(keys.token(organisation_id, token_id))
    return None if item is None else from_item(item, organisation_id)


def load_with_holder(
    store: Store, organisation_id: str, token_id: str, holder_id: str | None
) -> tuple[PersonalToken | None, Member | None]:
    """Return the personal token and in the same call the member whose it is, where that is known."""
    key = keys.token(organisation_id, token_id)
    item, holder = people.load_beside(store, key, organisation_id, holder_id)
    return None if item is None else from_item(item, organisation_id), holder


def every_token(store: Store, organisation_id: str) -> Iterator[PersonalToken]:
    """Yield the organisation's personal tokens."""
    partition = keys.of_organisation(organisation_id)
    for item in every_item(store, partition, keys.TOKENS):
        yield from_item(item, organisation_id)


def put_new(token: PersonalToken) -> Put:
    """Write a new personal token."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "user": token.user_id,
        "name": token.name,
        "digest": token.digest,
        "created": milliseconds(token.created_at),
    }
    if token.made_by:
        attributes["by"] = token.made_by
    if token.expires_at is not None:
        attributes["until"] = milliseconds(token.expires_at)
    expires = None if token.expires_at is None else int(token.expires_at)
    key = keys.token(token.organisation_id, token.id)
    return Put(Item(key, attributes, expires=expires), when=[Absent()])


def still_there(token: PersonalToken) -> Check:
    """Fail once the token was revoked."""
    return Check(keys.token(token.organisation_id, token.id), when=[Exists()])


def used(token: PersonalToken, at: float) -> Update:
    """Write when the token was last used; fails once it was revoked."""
    return Update(
        keys.token(token.organisation_id, token.id),
        set={"used": milliseconds(at)},
        when=[Exists()],
    )


def revoke(organisation_id: str, token_id: str) -> Delete:
    """Revoke the token."""
    return Delete(keys.token(organisation_id, token_id))


def from_item(item: Item, organisation_id: str) -> PersonalToken:
    """Return the personal token that an item holds."""
    stored = item.attributes
    return PersonalToken(
        id=keys.last_part(item.key.sort),
        organisation_id=organisation_id,
        user_id=text(stored, "user"),
        name=text(stored, "name"),
        digest=octets(stored, "digest"),
        created_at=moment(stored, "created"),
        expires_at=moment_or_none(stored, "until"),
        used_at=moment_or_none(stored, "used"),
        made_by=text(stored, "by"),
    )


def load_invitation(store: Store, organisation_id: str, invitation_id: str) -> Invitation | None:
    """Return the invitation."""
    item = store.get(keys.invitation(organisation_id, invitation_id))
    if item is None:
        return None
    stored = item.attributes
    return Invitation(
        id=invitation_id,
        organisation_id=organisation_id,
        role=Role(text(stored, "role")),
        digest=octets(stored, "digest"),
        invited_by=text(stored, "by"),
        created_at=moment(stored, "created"),
        expires_at=moment(stored, "until"),
    )


def put_new_invitation(invitation: Invitation) -> Put:
    """Write a new invitation."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "role": invitation.role.value,
        "digest": invitation.digest,
        "by": invitation.invited_by,
        "created": milliseconds(invitation.created_at),
        "until": milliseconds(invitation.expires_at),
    }
    key = keys.invitation(invitation.organisation_id, invitation.id)
    return Put(Item(key, attributes, expires=int(invitation.expires_at)), when=[Absent()])


def take_invitation(invitation: Invitation) -> Delete:
    """Use the invitation up; fails when somebody did before."""
    return Delete(keys.invitation(invitation.organisation_id, invitation.id), when=[Exists()])
