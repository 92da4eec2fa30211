"""How often the agent writes: what the API server tells whoever watches."""

import json
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Any

import urllib3

from berth_kube.connection import Connection
from berth_kube.kinds import Kind
from berth_kube.transport import Request, Stream
from chalicelib.wire.labels import FIELD_MANAGER, namespace_of
from tests.site.developer import Developer
from tests.site.devfiles import devfile
from tests.site.live import APPLIED, Live

Look = Callable[[str], Live]


class Watch:
    """Every version of every object of a workspace, by what the agent wrote of it."""

    def __init__(self, connection: Connection, workspace_id: str) -> None:
        self._connection = connection
        self._namespace = namespace_of(workspace_id)
        self._changes: Counter[str] = Counter()
        self._known: dict[str, str] = {}
        self._lock = threading.Lock()

    @contextmanager
    def following(self) -> Iterator[None]:
        """Follow all kinds for the life of the block, from what is there now."""
        with ThreadPoolExecutor(len(APPLIED)) as readers, ExitStack() as streams:
            for kind in APPLIED:
                stream = streams.enter_context(self._opened(kind))
                ended = readers.submit(self._read, kind, stream)
                streams.callback(ended.result, 10)
                streams.callback(stream.stop)
            yield

    def changes(self) -> dict[str, int]:
        """How often each object changed since this was asked last, those that did not left out."""
        with self._lock:
            found, self._changes = self._changes, Counter()
        return dict(found)

    def _opened(self, kind: Kind) -> AbstractContextManager[Stream]:
        listed = self._connection.send(Request("GET", kind.path(self._namespace)))
        collection = json.loads(listed.body)
        for item in collection["items"]:
            self._known[f"{kind.name}/{item['metadata']['name']}"] = _applied(item)
        query = {"watch": "1", "resourceVersion": collection["metadata"]["resourceVersion"]}
        path = kind.path(self._namespace)
        return self._connection.stream(Request("GET", path, query=query, timeout=(5.0, 300.0)))

    def _read(self, kind: Kind, stream: Stream) -> None:
        try:
            for line in stream:
                self._take(kind, json.loads(line)["object"])
        except urllib3.exceptions.HTTPError:
            return  # the end of the block cut it

    def _take(self, kind: Kind, item: dict[str, Any]) -> None:
        name, content = f"{kind.name}/{item['metadata']['name']}", _applied(item)
        with self._lock:
            if self._known.get(name) != content:
                self._known[name] = content
                self._changes[name] += 1


def _applied(item: dict[str, Any]) -> str:
    """What the agent's last write was: its entry of the object's managed fields, with its time."""
    entries = item["metadata"].get("managedFields", [])
    own = [each for each in entries if each["manager"] == FIELD_MANAGER]
    content = {name: item.get(name) for name in ("spec", "data", "stringData")}
    marks = item["metadata"].get("annotations", {})
    marks = {
        name: text for name, text in marks.items() if "berth.dev" in name or "applyset" in name
    }
    return json.dumps([own, content, marks], sort_keys=True)


def test_each_object_changes_at_most_once_for_each_wish(
    owner: Developer, live: Look, connection: Connection
) -> None:
    """Stop and start change three objects once each; a restart, which is two generations, twice; the rest stays."""
    made = owner.running(devfile())
    watch = Watch(connection, made["id"])
    parent = f"ConfigMap/{live(made['id']).namespace}"
    moving = {parent: 1, "Deployment/workspace": 1, "Service/workspace": 1}

    with watch.following():
        owner.want(made["id"], "Stopped")
        owner.await_state(made["id"], "Stopped")
        assert watch.changes() == moving

        owner.want(made["id"], "Running")
        owner.await_state(made["id"], "Running")
        assert watch.changes() == moving

        before = owner.read(made["id"])["generation"]
        owner.want(made["id"], "RestartRequested")
        owner.await_state(made["id"], "Running")
        assert owner.read(made["id"])["generation"] == before + 2
        assert watch.changes() == dict.fromkeys(moving, 2)

        owner.want(made["id"], "Running")
        assert owner.read(made["id"])["generation"] == before + 2
    assert watch.changes() == {}
    owner.terminate(made["id"])
