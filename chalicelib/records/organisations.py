"""The organisation's item."""

from dataclasses import asdict, replace

from chalicelib.domain.organisations.organisation import Organisation
from chalicelib.domain.organisations.settings import GitHost, OrganisationSettings
from chalicelib.ports.store import Absent, Attributes, Equals, Item, Put, Store, Update, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds, moment, number, settings_of, text


def load(store: Store, organisation_id: str) -> Organisation:
    """Return the organisation. Whoever asks is a member of it, so there is one: else LookupError."""
    item = store.get(keys.organisation(organisation_id))
    if item is None:
        raise LookupError(f"organisation {organisation_id} has no record")
    return from_item(item, organisation_id)


def put_new(organisation: Organisation) -> Put:
    """Write a new organisation."""
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "name": organisation.name,
        "settings": _stored(organisation.settings),
        "version": organisation.version,
        "created": milliseconds(organisation.created_at),
        "members_version": organisation.members_version,
    }
    return Put(Item(keys.organisation(organisation.id), attributes), when=[Absent()])


def change(organisation: Organisation) -> Update:
    """Write name and settings of a changed organisation, if nobody else changed it since."""
    return Update(
        keys.organisation(organisation.id),
        set={"name": organisation.name, "settings": _stored(organisation.settings)},
        add={"version": 1},
        when=[Equals("version", organisation.version)],
    )


def members_changed(organisation: Organisation) -> Update:
    """Count a change of roles or membership, if there was no other since."""
    return Update(
        keys.organisation(organisation.id),
        add={"members_version": 1},
        when=[Equals("members_version", organisation.members_version)],
    )


def from_item(item: Item, organisation_id: str) -> Organisation:
    """Return the organisation that an item holds."""
    attributes: Attributes = item.attributes
    settings = settings_of(OrganisationSettings, attributes.get("settings"))
    hosts = tuple(settings_of(GitHost, host) for host in settings.git_hosts)
    return Organisation(
        id=organisation_id,
        name=text(attributes, "name"),
        settings=replace(settings, git_hosts=hosts),
        version=number(attributes, "version"),
        created_at=moment(attributes, "created"),
        members_version=number(attributes, "members_version"),
    )


def _stored(settings: OrganisationSettings) -> Value:
    hosts: list[Value] = [
        {"host": host.host, "port": host.port, "addresses": list(host.addresses)}
        for host in settings.git_hosts
    ]
    return {**asdict(settings), "git_hosts": hosts}
