"""A workspace's cold item: what nothing but a move changes about it."""

from collections.abc import Iterator
from dataclasses import dataclass

from chalicelib.domain.workspaces.states import DesiredState
from chalicelib.domain.workspaces.workspace import DevfileSource, Endpoint, Move, Workspace
from chalicelib.ports.store import Absent, Attributes, Exists, Item, Key, Put, Store, Value
from chalicelib.records import keys
from chalicelib.records.attributes import SCHEMA, milliseconds, moment, number, text
from chalicelib.records.pages import every_item


@dataclass(frozen=True, slots=True)
class WorkspacePage:
    """Workspaces in order of id; ``next`` goes on."""

    workspaces: tuple[Workspace, ...]
    next: str | None


def load(store: Store, organisation_id: str, workspace_id: str) -> Workspace | None:
    """Return the workspace, a terminated one too as long as it is kept."""
    item = store.get(keys.workspace(organisation_id, workspace_id))
    return None if item is None else from_item(item, organisation_id)


def load_page(
    store: Store, organisation_id: str, *, after: str | None, limit: int
) -> WorkspacePage:
    """Return a page of the organisation's workspaces, terminated ones too."""
    partition = keys.of_organisation(organisation_id)
    page = store.query(partition, prefix=keys.WORKSPACES, after=after, limit=limit)
    return WorkspacePage(tuple(from_item(item, organisation_id) for item in page.items), page.next)


def load_living(store: Store, organisation_id: str) -> Iterator[Workspace]:
    """Yield every workspace that is not terminated: what ends begins to expire in that very write."""
    partition = keys.of_organisation(organisation_id)
    for item in every_item(store, partition, keys.WORKSPACES):
        if item.expires is None:
            yield from_item(item, organisation_id)


def put_new(workspace: Workspace) -> Put:
    """Write a new workspace."""
    return Put(Item(_key(workspace), _attributes(workspace)), when=[Absent()])


def put_moved(workspace: Workspace) -> Put:
    """Write where the workspace goes, or where it is; together with its state, which guards both."""
    return Put(Item(_key(workspace), _attributes(workspace)), when=[Exists()])


def put_expiring(workspace: Workspace, expires: int) -> Put:
    """Write that the workspace is kept no longer than until ``expires``."""
    return Put(Item(_key(workspace), _attributes(workspace), expires))


def from_item(item: Item, organisation_id: str) -> Workspace:
    """Return the workspace that an item holds."""
    stored = item.attributes
    return Workspace(
        id=keys.last_part(item.key.sort),
        organisation_id=organisation_id,
        owner_id=text(stored, "owner"),
        agent_id=text(stored, "agent"),
        name=text(stored, "name"),
        editor=text(stored, "editor"),
        source=_source(stored.get("source")),
        created_at=moment(stored, "created"),
        endpoints=tuple(_endpoint(entry) for entry in _entries(stored.get("endpoints"))),
        variables=tuple(
            (text(entry, "name"), text(entry, "kind"))
            for entry in _entries(stored.get("variables"))
        ),
        move=_move(stored.get("move")),
    )


def _key(workspace: Workspace) -> Key:
    return keys.workspace(workspace.organisation_id, workspace.id)


def _attributes(workspace: Workspace) -> Attributes:
    source = workspace.source
    endpoints: list[Value] = [
        {"name": e.name, "port": e.port, "exposure": e.exposure, "path": e.path}
        for e in workspace.endpoints
    ]
    attributes: dict[str, Value] = {
        "v": SCHEMA,
        "owner": workspace.owner_id,
        "agent": workspace.agent_id,
        "name": workspace.name,
        "editor": workspace.editor,
        "source": {
            "url": source.url,
            "ref": source.ref,
            "path": source.path,
            "commit": source.commit,
        },
        "created": milliseconds(workspace.created_at),
        "endpoints": endpoints,
        "variables": [{"name": name, "kind": kind} for name, kind in workspace.variables],
    }
    if workspace.move is not None:
        attributes["move"] = {"agent": workspace.move.agent_id, "then": workspace.move.then.value}
    return attributes


def _move(stored: Value) -> Move | None:
    if not isinstance(stored, dict):
        return None
    return Move(text(stored, "agent"), DesiredState(text(stored, "then")))


def _source(stored: Value) -> DevfileSource:
    values = stored if isinstance(stored, dict) else {}
    return DevfileSource(
        url=text(values, "url"),
        ref=text(values, "ref"),
        path=text(values, "path"),
        commit=text(values, "commit"),
    )


def _endpoint(stored: Attributes) -> Endpoint:
    return Endpoint(
        name=text(stored, "name"),
        port=number(stored, "port"),
        exposure=text(stored, "exposure"),
        path=text(stored, "path"),
    )


def _entries(stored: Value) -> list[dict[str, Value]]:
    return (
        [entry for entry in stored if isinstance(entry, dict)] if isinstance(stored, list) else []
    )
