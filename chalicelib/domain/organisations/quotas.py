"""Quotas: how many workspaces that are not terminated a person, an agent and an organisation may have."""

from dataclasses import dataclass
from enum import StrEnum

from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.workspaces.workspace import Workspace


class Scope(StrEnum):
    """What a quota is of."""

    USER = "user"
    AGENT = "agent"
    ORGANISATION = "organisation"


@dataclass(frozen=True, slots=True, order=True)
class Holder:
    """Who has a quota: a person, an agent, or the organisation."""

    scope: Scope
    id: str


@dataclass(frozen=True, slots=True)
class Limits:
    """What one version of an organisation's settings allows."""

    per_user: int
    per_agent: int
    per_organisation: int
    version: int
    """Of the organisation whose settings these are."""

    def of(self, scope: Scope) -> int:
        """Return the limit of each holder of a scope."""
        match scope:
            case Scope.USER:
                return self.per_user
            case Scope.AGENT:
                return self.per_agent
            case Scope.ORGANISATION:
                return self.per_organisation


def limits_of(organisation: Organisation) -> Limits:
    """Return what the organisation's settings allow."""
    settings = organisation.settings
    return Limits(
        per_user=settings.workspaces_per_user,
        per_agent=settings.workspaces_per_agent,
        per_organisation=settings.workspaces_per_organisation,
        version=organisation.version,
    )


def holders_of(workspace: Workspace) -> tuple[Holder, ...]:
    """Return whose quotas the workspace counts against, the narrowest first.

    While it moves, both agents': its place is kept where it goes, and it may still be where it was.
    """
    agents = [workspace.agent_id, *([] if workspace.move is None else [workspace.move.agent_id])]
    return (
        Holder(Scope.USER, workspace.owner_id),
        *(Holder(Scope.AGENT, each) for each in agents),
        Holder(Scope.ORGANISATION, workspace.organisation_id),
    )
