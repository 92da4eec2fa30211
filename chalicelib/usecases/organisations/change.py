"""Changing an organisation's name and settings."""

from dataclasses import replace

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.errors import Clash, Invalid
from chalicelib.domain.organisations.check import problems_of
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import OrganisationSettings
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import organisations
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit import audit


def change_organisation(
    ports: Ports, person: Person, *, name: str | None, settings: OrganisationSettings | None
) -> Organisation:
    """Change what is given. Settings hold from the next request on."""
    require(person, Action.ORGANISATION_CHANGE)
    if settings is not None and (problems := problems_of(settings)):
        raise Invalid("organisation-settings", "The settings cannot be taken.", problems)
    before = organisations.load(ports.store, person.organisation_id)
    after = replace(
        before,
        name=before.name if name is None else name,
        settings=before.settings if settings is None else settings,
    )
    try:
        ports.store.transact(
            [
                organisations.change(after),
                audit(ports, person, "organisation:change", before.id),
            ]
        )
    except ConditionFailed as error:
        message = "Somebody else changed the organisation at the same time. Read it and try again."
        raise Clash("changed-meanwhile", message) from error
    return replace(after, version=after.version + 1)
