"""Every version of the objects of all workspaces, in the order of the API server."""

import json
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

from berth_kube.connection import Connection
from berth_kube.errors import KubernetesError
from berth_kube.kinds import CONFIG_MAP, DEPLOYMENT, NAMESPACE, POD, VOLUME_CLAIM, Kind
from berth_kube.transport import Request, Stream
from chalicelib.wire import labels

Object = dict[str, Any]

WATCHED = (NAMESPACE, CONFIG_MAP, VOLUME_CLAIM, DEPLOYMENT, POD)
_GONE = 410
_PREFIX = labels.namespace_of("ws-")


@dataclass(frozen=True, slots=True)
class Version:
    """One version of one object. ``event`` is ADDED, MODIFIED or DELETED; ``at`` its resource version."""

    kind: Kind
    event: str
    at: int
    object: Object

    @property
    def name(self) -> str:
        """Name of the object."""
        return str(self.object["metadata"]["name"])

    @property
    def uid(self) -> str:
        """Uid of the object."""
        return str(self.object["metadata"]["uid"])

    @property
    def workspace_id(self) -> str:
        """The workspace that it belongs to, or that it is the tombstone of."""
        own = self.object["metadata"]
        if labels.TOMBSTONE in (own.get("labels") or {}):
            return str(own["labels"][labels.WORKSPACE_ID])
        return str(own.get("namespace") or own["name"]).removeprefix(labels.namespace_of(""))

    @property
    def generation(self) -> int:
        """Generation of the order that wrote it; 0 on what carries none."""
        marks = self.object["metadata"].get("annotations") or {}
        return int(marks.get(labels.GENERATION) or 0)

    @property
    def is_ending(self) -> bool:
        """Whether it is gone, or on its way."""
        return self.event == "DELETED" or "deletionTimestamp" in self.object["metadata"]


class History:
    """Watches past every fault, on a connection of its own, for the life of the context.

    A watch that breaks goes on where it was. Only an API server that forgot (410) leaves a hole:
    then everything is listed anew and compared. ``streams`` counts watches that were opened.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._lock = threading.Lock()
        self._versions: list[Version] = []
        self._known: dict[Kind, dict[str, Version]] = {kind: {} for kind in WATCHED}
        self._open: dict[Kind, Stream] = {}
        self._ended = threading.Event()
        self._threads = [
            threading.Thread(target=self._follow, args=(kind,), daemon=True) for kind in WATCHED
        ]
        self.streams: Counter[Kind] = Counter()

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        self._ended.set()
        for stream in list(self._open.values()):
            stream.stop()
        for thread in self._threads:
            thread.join(10)

    def versions(self) -> list[Version]:
        """All so far, in order."""
        with self._lock:
            return sorted(self._versions, key=lambda each: each.at)

    def has_seen(self, holds: Callable[[Version], bool], *, after: int = 0) -> bool:
        """Whether a version after this one was like that."""
        return any(each.at > after and holds(each) for each in self.versions())

    def latest(self) -> int:
        """The newest resource version that was seen."""
        return max((each.at for each in self.versions()), default=0)

    def is_following(self, since: Counter[Kind]) -> bool:
        """Whether every watch was opened anew since then."""
        return all(self.streams[kind] > since[kind] for kind in WATCHED)

    def _follow(self, kind: Kind) -> None:
        position = ""
        while not self._ended.is_set():
            try:
                position = self._watch(kind, position or self._listed(kind))
            except KubernetesError as error:
                position = "" if error.status == _GONE else position
                self._ended.wait(0.2)

    def _watch(self, kind: Kind, position: str) -> str:
        """Follow until the watch ends; where to go on, empty when that is forgotten."""
        query = {"watch": "1", "resourceVersion": position, "allowWatchBookmarks": "1"}
        request = Request("GET", kind.path(), query=query, timeout=(5.0, 300.0))
        try:
            with self._connection.stream(request) as stream:
                self._open[kind] = stream
                self.streams[kind] += 1
                for line in stream:
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        return ""
                    position = event["object"]["metadata"]["resourceVersion"]
                    if event["type"] != "BOOKMARK":
                        self._take(Version(kind, event["type"], int(position), event["object"]))
        except KubernetesError as error:
            if error.status == _GONE:
                return ""
            self._ended.wait(0.2)
        return position

    def _listed(self, kind: Kind) -> str:
        """Take what differs from what is known, and return the list's version."""
        answer = self._connection.send(Request("GET", kind.path()))
        if answer.status != 200:
            raise KubernetesError(f"LIST answered {answer.status}", status=answer.status)
        collection = json.loads(answer.body)
        at = str(collection["metadata"]["resourceVersion"])
        found = {each["metadata"]["uid"]: each for each in collection["items"]}
        for uid, known in list(self._known[kind].items()):
            if uid not in found:
                self._take(Version(kind, "DELETED", int(at), known.object))
        for uid, each in found.items():
            before, version = self._known[kind].get(uid), int(each["metadata"]["resourceVersion"])
            if before is None or before.at < version:
                self._take(Version(kind, "MODIFIED" if before else "ADDED", version, each))
        return at

    def _take(self, version: Version) -> None:
        owner = version.object["metadata"].get("namespace") or version.name
        if not owner.startswith(_PREFIX):
            return
        with self._lock:
            self._versions.append(version)
            if version.event == "DELETED":
                self._known[version.kind].pop(version.uid, None)
            else:
                self._known[version.kind][version.uid] = version
