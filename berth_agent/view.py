"""All that is known of the cluster, workspace by workspace, out of single changes."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TypeVar

from berth_agent.events import Watched
from berth_kube.projections import ConfigMap, Deployment, Event, Namespace, Pod
from berth_kube.reflector import Change
from chalicelib.wire.labels import namespace_of

T = TypeVar("T")
_PREFIX = namespace_of("")
_WORKSPACE_ID = re.compile(r"ws-[0-9a-z]{12}")


@dataclass(slots=True)
class WorkspaceFacts:
    """Live objects of one workspace.

    ``resource_version`` is the highest seen for it in this process, deletions too. Versions of
    events do not count: large clusters keep them in a store of their own.
    """

    workspace_id: str
    resource_version: int = 0
    namespace: Namespace | None = None
    tombstone: ConfigMap | None = None
    deployments: dict[str, Deployment] = field(default_factory=dict)
    pods: dict[str, Pod] = field(default_factory=dict)
    warnings: dict[str, Event] = field(default_factory=dict)

    @property
    def deployment(self) -> Deployment | None:
        """The one that was written last, should there be several."""
        return max(
            self.deployments.values(),
            key=lambda live: (live.metadata.annotations.generation_number, live.metadata.name),
            default=None,
        )

    def is_empty(self) -> bool:
        """Nothing of the workspace is left."""
        return not (
            self.namespace or self.tombstone or self.deployments or self.pods or self.warnings
        )


class View:
    """Takes changes, keeps facts."""

    def __init__(self) -> None:
        self._facts: dict[str, WorkspaceFacts] = {}

    def take(self, change: Change[Watched]) -> str | None:
        """Take in a change; the id of the workspace that it is about, None when of none."""
        item = change.new or change.old
        workspace_id = _workspace_of(item) if item is not None else ""
        if item is None or not workspace_id:
            return None
        facts = self._facts.get(workspace_id)
        if facts is None:
            facts = self._facts[workspace_id] = WorkspaceFacts(workspace_id)
        if not isinstance(item, Event):
            facts.resource_version = max(facts.resource_version, change.resource_version)
        _put(facts, item, gone=change.new is None)
        return workspace_id

    def facts(self, workspace_id: str) -> WorkspaceFacts:
        """What is known of a workspace; empty facts are forgotten after this look."""
        facts = self._facts.get(workspace_id) or WorkspaceFacts(workspace_id)
        if facts.is_empty():
            self._facts.pop(workspace_id, None)
        return facts


def _workspace_of(item: Watched) -> str:
    """The workspace that an object belongs to; empty for what only looks like one of ours."""
    metadata = item.metadata
    if isinstance(item, Event):
        found = metadata.namespace.removeprefix(_PREFIX)
    else:
        found = metadata.labels.workspace_id
        place = metadata.name if isinstance(item, Namespace) else metadata.namespace
        if place != namespace_of(found) and not isinstance(item, ConfigMap):
            return ""  # our labels outside of their own namespace are somebody's mistake
    return found if _WORKSPACE_ID.fullmatch(found) else ""


def is_ours(event: Event) -> bool:
    """Whether an event happened in a workspace's namespace."""
    return event.metadata.namespace.startswith(f"{_PREFIX}ws-")


def _put(facts: WorkspaceFacts, item: Watched, *, gone: bool) -> None:
    name = item.metadata.name
    match item:
        case Namespace():
            facts.namespace = None if gone else item
        case ConfigMap():
            facts.tombstone = None if gone else item
        case Deployment():
            _keep(facts.deployments, name, item, gone=gone)
        case Pod():
            _keep(facts.pods, name, item, gone=gone)
        case Event():
            _keep(facts.warnings, name, item, gone=gone)


def _keep(kept: dict[str, T], name: str, item: T, *, gone: bool) -> None:
    if gone:
        kept.pop(name, None)
    else:
        kept[name] = item
