"""Changing an organisation's name and settings."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.domain.access.roles import Action, Person
from chalicelib.domain.errors import Clash, Invalid, Problem
from chalicelib.domain.organisations.check import problems_of
from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.ports.bundle import Ports
from chalicelib.ports.store import ConditionFailed
from chalicelib.records import organisations, quotas
from chalicelib.usecases.access.permission import require
from chalicelib.usecases.audit.write import audit


def change_organisation(
    ports: Ports, person: Person, *, name: str | None, changes: Mapping[str, Any] | None
) -> Organisation:
    """Change what is given; ``changes`` are fields of the settings. They hold from the next request on."""
    require(person, Action.ORGANISATION_CHANGE)
    before = organisations.load(ports.store, person.organisation_id)
    after = replace(
        before, name=name or before.name, settings=replace(before.settings, **(changes or {}))
    )
    if problems := [*problems_of(after.settings), *_faults_of(after.settings.default_devfile)]:
        raise Invalid("organisation-settings", "The settings cannot be taken.", problems)
    try:
        ports.store.transact(
            [
                organisations.change(after),
                quotas.limits_changed(before),
                *audit(ports, person, "organisation:change", before.id),
            ]
        )
    except ConditionFailed as error:
        message = "Somebody else changed the organisation at the same time. Read it and try again."
        raise Clash("changed-meanwhile", message) from error
    return replace(after, version=after.version + 1)


def _faults_of(default_devfile: str) -> Iterator[Problem]:
    """Yield what is wrong with the devfile, each with its line and column."""
    if not default_devfile:
        return
    from chalicelib.devfile import DevfileRefused, read  # noqa: PLC0415 - spares other calls its start

    try:
        read(default_devfile)
    except DevfileRefused as refused:
        for each in refused.problems:
            message = f"{each.path}: {each.message}" if each.path else each.message
            yield Problem(each.code, message, "#/settings/default_devfile", each.line, each.column)
