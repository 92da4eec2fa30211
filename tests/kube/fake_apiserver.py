"""A fault-injecting API server over HTTP: ConfigMaps of one namespace, lists, watches and Leases.

It does what a real one will not do on demand; what it serves of the protocol is what a real one sends.
"""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from google.protobuf.json_format import ParseDict

from berth_kube.protobuf import CONTENT_TYPE as PROTOBUF
from berth_kube.protobuf import MAGIC
from berth_kube.schema import message_class

PATH = "/api/v1/namespaces/trial/configmaps"
GONE = {"kind": "Status", "code": 410, "reason": "Expired", "message": "too old resource version"}


@dataclass
class Faults:
    """What goes wrong, until it is set back."""

    no_streaming_list: bool = False
    """400 on ``sendInitialEvents``."""
    no_bookmarks: bool = False
    watch_status: int = 0
    """Every watch answers this status."""
    retry_after: str = ""
    gone_as_event: int = 0
    """So many watches begin with an ERROR event of 410."""
    cut_after: int = -1
    """Watches break off in the middle of the line after so many events."""
    silent: bool = False
    """Watches are accepted and send nothing at all, for ever."""
    repeat: bool = False
    """Each event is sent twice, and an old one after it."""
    expire_paging: int = 0
    """So many continuations answer 410."""
    stale_lists: int = 0
    """So many lists answer an old, empty state."""
    lease_silence: bool = False
    """Requests for Leases are read and never answered."""
    no_protobuf: bool = False
    """Watches are answered in JSON, whatever was asked for."""
    garbled: bool = False
    """What protobuf says of an object is no protobuf."""


@dataclass
class State:
    """Objects, their history, and all requests so far."""

    lock: threading.Condition = field(default_factory=threading.Condition)
    version: int = 100
    objects: dict[str, dict[str, Any]] = field(default_factory=dict)
    history: list[tuple[int, str, dict[str, Any]]] = field(default_factory=list)
    requests: list[tuple[float, str, str, dict[str, str]]] = field(default_factory=list)
    compacted: int = 0
    """Versions up to this one can no longer be watched from."""
    stopping: bool = False


class FakeApiServer:
    """Listens on a free port of the loopback; stop it with ``close``."""

    def __init__(self) -> None:
        self.faults = Faults()
        self.state = State()
        outer = self

        class Handler(_Handler):
            fake = outer

        self._server = _Server(("127.0.0.1", 0), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @property
    def address(self) -> str:
        """Its base address."""
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def put(self, name: str, path: str = PATH, **data: str) -> None:
        """Create or change an object."""
        with self.state.lock:
            self._write(f"{path}/{name}", name, {"data": data})

    def put_lease(self, name: str, path: str, **spec: object) -> None:
        """Change a Lease, as its holder does."""
        with self.state.lock:
            self._write(f"{path}/{name}", name, {"spec": spec})

    def remove(self, name: str, path: str = PATH) -> None:
        """Delete an object."""
        with self.state.lock:
            self.state.version += 1
            gone = self.state.objects.pop(f"{path}/{name}")
            gone = {
                **gone,
                "metadata": {**gone["metadata"], "resourceVersion": str(self.state.version)},
            }
            self.state.history.append((self.state.version, "DELETED", gone))
            self.state.lock.notify_all()

    def forget(self) -> None:
        """Compact: versions before now are gone."""
        with self.state.lock:
            self.state.history.clear()
            self.state.compacted = self.state.version

    def counted(self, **query: str) -> int:
        """How many requests had these query parameters."""
        return sum(query.items() <= sent.items() for _, _, _, sent in self.state.requests)

    def close(self) -> None:
        """Stop."""
        with self.state.lock:
            self.state.stopping = True
            self.state.lock.notify_all()
        self._server.shutdown()
        self._server.server_close()
        self._server.cut()

    def _write(self, path: str, name: str, body: dict[str, Any]) -> dict[str, Any]:
        state = self.state
        state.version += 1
        event = "MODIFIED" if path in state.objects else "ADDED"
        metadata = {"name": name, "namespace": "trial", "resourceVersion": str(state.version)}
        made = {**body, "metadata": metadata}
        state.objects[path] = made
        state.history.append((state.version, event, made))
        state.lock.notify_all()
        return made


class _Server(ThreadingHTTPServer):
    """Knows its connections, so that it can end like a killed process."""

    daemon_threads = True

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler]) -> None:
        super().__init__(address, handler)
        self._connections: list[socket.socket] = []

    def process_request(self, request: Any, client_address: Any) -> None:
        self._connections.append(request)
        super().process_request(request, client_address)

    def cut(self) -> None:
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: object) -> None:
        """A cut connection is no news."""


class _Handler(BaseHTTPRequestHandler):
    fake: FakeApiServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        path, query = self._note()
        if "/leases" in path:
            self._lease(path, None)
        elif query.get("watch"):
            self._watch(query)
        else:
            self._list(query)

    def do_POST(self) -> None:
        path, _ = self._note()
        body = self._body()
        self._lease(f"{path}/{body['metadata']['name']}", body)

    def do_PUT(self) -> None:
        path, _ = self._note()
        self._lease(path, self._body())

    def _note(self) -> tuple[str, dict[str, str]]:
        parts = urlsplit(self.path)
        query = dict(parse_qsl(parts.query))
        self.fake.state.requests.append((time.monotonic(), self.command, parts.path, query))
        return parts.path, query

    def _body(self) -> Any:
        return json.loads(self.rfile.read(int(self.headers["Content-Length"])))

    def _answer(self, status: int, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        if self.fake.faults.retry_after and status >= 400:
            self.send_header("Retry-After", self.fake.faults.retry_after)
        self.end_headers()
        self.wfile.write(data)

    def _status(self, status: int, message: str) -> None:
        self._answer(status, {"kind": "Status", "code": status, "message": message})

    def _lease(self, path: str, body: dict[str, Any] | None) -> None:
        state = self.fake.state
        if self.fake.faults.lease_silence:
            self._until_stopped()
            return
        with state.lock:
            live = state.objects.get(path)
            if body is None:
                answer = (200, live) if live else (404, {"kind": "Status", "code": 404})
            elif (
                live
                and body["metadata"].get("resourceVersion") != live["metadata"]["resourceVersion"]
            ):
                answer = (409, {"kind": "Status", "code": 409, "message": "changed"})
            else:
                name = body["metadata"]["name"]
                answer = (200, self.fake._write(path, name, {"spec": body["spec"]}))
        self._answer(*answer)

    def _items(self) -> list[dict[str, Any]]:
        return [
            item for path, item in sorted(self.fake.state.objects.items()) if path.startswith(PATH)
        ]

    def _list(self, query: dict[str, str]) -> None:
        faults, state = self.fake.faults, self.fake.state
        with state.lock:
            items, version = self._items(), state.version
        if faults.stale_lists:
            faults.stale_lists -= 1
            items, version = [], 1
        start = int(query.get("continue") or 0)
        if start and faults.expire_paging:
            faults.expire_paging -= 1
            self._status(410, "the provided continue parameter is too old")
            return
        page = items[start : start + 2]  # small pages, whatever was asked for
        following = str(start + 2) if start + 2 < len(items) else ""
        metadata = {"resourceVersion": str(version), "continue": following}
        self._answer(200, {"metadata": metadata, "items": page or None})

    def _watch(self, query: dict[str, str]) -> None:
        faults = self.fake.faults
        if faults.watch_status:
            self._status(faults.watch_status, "no")
            return
        streaming = query.get("sendInitialEvents") == "true"
        if streaming and faults.no_streaming_list:
            self._status(400, "sendInitialEvents is forbidden for watch")
            return
        accepted = self.headers["Accept"].split(", ")
        self.encode = _lines if faults.no_protobuf or PROTOBUF not in accepted else _frames
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        if self.encode is _frames:
            self.send_header("Content-Type", f"{PROTOBUF};stream=watch")
        self.end_headers()
        try:
            self._events(query, streaming=streaming)
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True

    def _events(self, query: dict[str, str], *, streaming: bool) -> None:
        faults, state = self.fake.faults, self.fake.state
        if faults.silent:
            self._until_stopped()
            return
        asked = int(query.get("resourceVersion") or state.version)
        if faults.gone_as_event or asked < state.compacted:
            faults.gone_as_event = max(0, faults.gone_as_event - 1)
            self._send("ERROR", GONE)
            self._end()
            return
        with state.lock:
            version = int(query.get("resourceVersion") or state.version)
            first = self._items() if streaming else []
        for item in first:
            self._send("ADDED", item)
        if streaming:
            self._bookmark(version, initial=True)
        self._follow(version, float(query.get("timeoutSeconds", "60")))

    def _follow(self, version: int, seconds: float) -> None:
        faults, state = self.fake.faults, self.fake.state
        end, sent = time.monotonic() + seconds, 0
        while time.monotonic() < end:
            with state.lock:
                fresh = [entry for entry in state.history if entry[0] > version]
                if not fresh:
                    state.lock.wait(0.05)
                if state.stopping:
                    return
            for number, event, item in fresh:
                if sent == faults.cut_after:
                    self._chunk(self.encode(event, item)[:20])
                    self.close_connection = True
                    self.connection.close()
                    return
                self._send(event, item)
                if faults.repeat:
                    self._send(event, item)
                    self._send("ADDED", state.history[0][2])
                version, sent = number, sent + 1
            if not faults.no_bookmarks:
                self._bookmark(version, initial=False)
        self._end()

    def _bookmark(self, version: int, *, initial: bool) -> None:
        metadata: dict[str, Any] = {"resourceVersion": str(version)}
        if initial:
            metadata["annotations"] = {"k8s.io/initial-events-end": "true"}
        self._send("BOOKMARK", {"metadata": metadata})

    def _send(self, event: str, item: dict[str, Any]) -> None:
        message = self.encode(event, item)
        if self.fake.faults.garbled and self.encode is _frames:
            message = message[:-3] + b"\xff\xff\xff"
        self._chunk(message)

    def _chunk(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def _end(self) -> None:
        self.wfile.write(b"0\r\n\r\n")

    def _until_stopped(self) -> None:
        state = self.fake.state
        with state.lock:
            state.lock.wait_for(lambda: state.stopping)
        self.close_connection = True


def _lines(event: str, item: dict[str, Any]) -> bytes:
    return json.dumps({"type": event, "object": item}).encode() + b"\n"


def _frames(event: str, item: dict[str, Any]) -> bytes:
    """As the API server frames it: an object in an envelope in an event behind its length."""
    kind = "Status" if item.get("kind") == "Status" else "ConfigMap"
    held = ParseDict(item, message_class(kind)(), ignore_unknown_fields=True)
    unknown = message_class("Unknown")(raw=held.SerializeToString())
    said = message_class("WatchEvent")(type=event)
    said.object.raw = MAGIC + unknown.SerializeToString()  # type: ignore[attr-defined]  # made at run time
    message = said.SerializeToString()
    return len(message).to_bytes(4) + message
