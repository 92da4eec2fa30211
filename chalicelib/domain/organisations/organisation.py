"""An organisation: the tenant."""

from dataclasses import dataclass

from chalicelib.domain.organisations.settings import OrganisationSettings


@dataclass(frozen=True, slots=True)
class Organisation:
    """The record of an organisation. ``members_version`` counts changes of roles and membership, so
    that two of them at once cannot leave it without an owner."""

    id: str
    name: str
    settings: OrganisationSettings
    version: int
    created_at: float
    members_version: int = 0
