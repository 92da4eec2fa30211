"""Who may do what: one table, and nothing else decides."""

from dataclasses import dataclass
from enum import StrEnum


class Role(StrEnum):
    """Role of a member in an organisation."""

    OWNER = "owner"
    DEVELOPER = "developer"
    AUDITOR = "auditor"


class Action(StrEnum):
    """What can be done, as ``resource:verb``; ``any`` means workspaces of others too."""

    ORGANISATION_READ = "organisation:read"
    ORGANISATION_CHANGE = "organisation:change"
    MEMBERS_READ = "members:read"
    MEMBERS_CHANGE = "members:change"
    AGENTS_READ = "agents:read"
    AGENTS_CHANGE = "agents:change"
    WORKSPACES_CREATE = "workspaces:create"
    WORKSPACES_READ = "workspaces:read"
    WORKSPACES_READ_ANY = "workspaces:read-any"
    WORKSPACES_CHANGE = "workspaces:change"
    WORKSPACES_CHANGE_ANY = "workspaces:change-any"
    WORKSPACES_ENTER = "workspaces:enter"
    TOKENS = "tokens:own"
    AUDIT_READ = "audit:read"


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in member. Either ``session_id`` or ``token_id`` says by what: a browser's session, or
    a personal token."""

    id: str
    organisation_id: str
    role: Role
    name: str = ""
    session_id: str = ""
    token_id: str = ""


_EVERYBODY = frozenset({Action.ORGANISATION_READ, Action.AGENTS_READ, Action.TOKENS})
_DEVELOPER = _EVERYBODY | {
    Action.WORKSPACES_CREATE,
    Action.WORKSPACES_READ,
    Action.WORKSPACES_CHANGE,
    Action.WORKSPACES_ENTER,
}

PERMISSIONS: dict[Role, frozenset[Action]] = {
    Role.OWNER: _DEVELOPER
    | {
        Action.ORGANISATION_CHANGE,
        Action.MEMBERS_READ,
        Action.MEMBERS_CHANGE,
        Action.AGENTS_CHANGE,
        Action.WORKSPACES_READ_ANY,
        Action.WORKSPACES_CHANGE_ANY,
        Action.AUDIT_READ,
    },
    Role.DEVELOPER: _DEVELOPER,
    Role.AUDITOR: _EVERYBODY
    | {
        Action.MEMBERS_READ,
        Action.WORKSPACES_READ,
        Action.WORKSPACES_READ_ANY,
        Action.AUDIT_READ,
    },
}


def may(person: Person, action: Action, *, owner_id: str | None = None) -> bool:
    """Whether the person may; ``owner_id`` is the workspace's owner where one is concerned.

    Only its owner enters a workspace, whatever the role.
    """
    allowed = PERMISSIONS[person.role]
    if owner_id is None or owner_id == person.id:
        return action in allowed
    widened = {
        Action.WORKSPACES_READ: Action.WORKSPACES_READ_ANY,
        Action.WORKSPACES_CHANGE: Action.WORKSPACES_CHANGE_ANY,
    }
    return action in widened and widened[action] in allowed
