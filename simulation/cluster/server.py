"""The API server: what a request is answered, at once and whole.

It never raises for what a client did. ``refuse`` and ``faults`` make it worse than it is; the network
before it is another's.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import msgspec

from berth_kube import kinds
from berth_kube.transport import Request, Response
from simulation.cluster import listing, policy, reading, statuses
from simulation.cluster.addresses import Address, address_of, is_group
from simulation.cluster.faults import Faults
from simulation.cluster.listing import METADATA
from simulation.cluster.registry import Registry
from simulation.cluster.rights import ADMIN, AGENT, Caller, Rights, manifest
from simulation.cluster.statuses import JSON, Refusal
from simulation.cluster.store import Author, Event, Record, Shelf, Store, Stored
from simulation.cluster.watching import Watch

__all__ = ["ApiServer", "Faults"]

_VERBS = {"GET": "get", "POST": "create", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
_APPLY = "application/apply-patch+yaml"
_SUCCESS = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}

Body = dict[str, Any]


class ApiServer:
    """``now``: seconds since the epoch. ``chance`` draws identities and the ends of names."""

    def __init__(self, now: Callable[[], float], chance: random.Random) -> None:
        self.store = Store(now)
        self.registry = Registry(self.store, now, chance)
        self.rights = Rights(self.store)
        self.faults = Faults()
        self.refuse: Callable[[Request], Response | None] | None = None
        """Asked first about each request; what it returns is the answer."""
        self.on_change: list[Callable[[], None]] = []
        """Called after each change; ``Watch.on_news`` is called for those that it concerns."""
        self.watches: list[Watch] = []
        self.requests: Counter[tuple[str, str, str]] = Counter()
        """By caller, verb and kind."""
        self.asked: Callable[[str, str, Address], None] = lambda *_: None
        """Told of each request: caller, verb and address."""
        self._now = now
        self.store.on_commit.append(self._committed)
        self._install()

    @property
    def history(self) -> list[Record]:
        """Every creation and deletion so far."""
        return self.store.history

    def send(self, request: Request, caller: Caller = AGENT) -> Response:
        """Answer a request that is no watch."""
        if self.refuse is not None and (answer := self.refuse(request)) is not None:
            return answer
        address = address_of(request.path)
        if address is None:
            return statuses.unserved(group=is_group(request.path))
        try:
            return self._answer(request, address, caller)
        except Refusal as refusal:
            return refusal.answer

    def watch(self, request: Request, caller: Caller = AGENT) -> Watch:
        """Open a watch; look at its ``refusal`` first."""
        try:
            if self.refuse is not None and (answer := self.refuse(request)) is not None:
                return self._refused(answer)
            address = address_of(request.path)
            if address is None:
                return self._refused(statuses.unserved(group=is_group(request.path)))
            self._count(caller, "watch", address)
            self.rights.check(caller, "watch", address, self._now())
            opened = reading.watch(self.store, self.faults, self._now, request, address)
        except Refusal as refusal:
            return self._refused(refusal.answer)
        opened.caller = caller.name
        self.watches = [other for other in self.watches if not other.is_over]
        self.watches.append(opened)
        return opened

    def compact(self) -> None:
        """Forget all versions but the present: older continue tokens and watches expire."""
        self.store.compact()

    def author(self, caller: Caller, request: Request) -> Author:
        """Who is named as the writer of a request."""
        return Author(caller.name, request.query.get("fieldManager", ""))

    def _answer(self, request: Request, address: Address, caller: Caller) -> Response:
        verb = _VERBS.get(request.method, "")
        if verb == "get" and not address.name:
            verb = "list"
        self._count(caller, verb, address)
        self.rights.check(caller, verb, address, self._now())
        if verb == "list":
            return reading.page(self.store, self.faults, request, address)
        if verb == "get":
            live = self.store.get(address.kind, address.namespace, address.name)
            if live is None:
                raise statuses.not_found(address.kind, address.name)
            return _told(live, request)
        if verb == "delete":
            return self._delete(request, address, caller)
        return self._write(request, address, caller)

    def _write(self, request: Request, address: Address, caller: Caller) -> Response:
        body = _body(request, address)
        by = self.author(caller, request)
        kind = address.kind
        if address.part == "status":
            key = (address.namespace, address.name)
            found = self.registry.set_status(kind, key, body.get("status") or {}, by)
            if found is None:
                raise statuses.not_found(kind, address.name)
            return _told(found, request)
        before = self.store.version
        match request.method:
            case "POST":
                policy.check_new(caller, kind, body)
                made = self.registry.create(kind, body, by)
            case "PUT":
                made = self.registry.replace(kind, body, by)
            case _ if request.headers.get("Content-Type") == _APPLY:
                made = self.registry.apply(kind, body, by)
            case _:
                raise statuses.bad_request("the model knows no patch but server-side apply")
        created = made.version > before and self.store.shelf(kind).log[-1].type == "ADDED"
        return _told(made, request, status=201 if created else 200)

    def _delete(self, request: Request, address: Address, caller: Caller) -> Response:
        key = (address.namespace, address.name)
        live = self.store.get(address.kind, *key)
        if live is not None:
            policy.check_deletion(caller, address.kind, live.object)
        options = msgspec.json.decode(request.body) if request.body else {}
        by = self.author(caller, request)
        last = self.registry.delete(address.kind, key, by, options=options)
        if self.store.get(address.kind, *key) is not None:
            return _told(last, request)
        details = {"name": address.name, "kind": address.kind.plural, "uid": last.uid}
        return Response(200, JSON, msgspec.json.encode({**_SUCCESS, "details": details}))

    def _refused(self, answer: Response) -> Watch:
        return reading.refused(self.store, self._now, answer)

    def _count(self, caller: Caller, verb: str, address: Address) -> None:
        self.requests[caller.name, verb, address.kind.name] += 1
        self.asked(caller.name, verb, address)

    def _committed(self, shelf: Shelf, event: Event) -> None:
        if shelf.kind is kinds.ROLE_BINDING and event.type == "ADDED":
            self.rights.made(event.now, event.at + self.faults.binding_lag)
        for watch in self.watches:
            if watch.kind is shelf.kind and not watch.is_over:
                watch.on_news()
        for tell in self.on_change:
            tell()

    def _install(self) -> None:
        """What a cluster has before anybody works in it, and the agent's installation."""
        by = Author(ADMIN.name, "kubectl")
        for name in ("default", "kube-system"):
            body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
            self.registry.create(kinds.NAMESPACE, body, by)
        for thing in manifest().objects:
            kind = kinds.kind_of(thing["apiVersion"], thing["kind"])
            if kind is not None and kind is not kinds.DEPLOYMENT:
                self.registry.create(kind, thing, by)


def _told(live: Stored, request: Request, *, status: int = 200) -> Response:
    partial = METADATA in request.headers.get("Accept", "")
    return Response(status, JSON, listing.metadata_of(live) if partial else live.raw)


def _body(request: Request, address: Address) -> Body:
    """Read a body, and see that it is what the path says."""
    try:
        read = msgspec.json.decode(request.body or b"")
    except msgspec.DecodeError as error:
        raise statuses.bad_request(f"the body of the request is no JSON: {error}") from error
    kind = address.kind
    body = read if isinstance(read, dict) else {}
    metadata = body.get("metadata")
    if not isinstance(metadata, dict) or body.get("kind") != kind.name:
        raise statuses.bad_request(f"the object provided is unrecognized (must be a {kind.name})")
    place = metadata.setdefault("namespace", address.namespace) if kind.namespaced else ""
    if place != address.namespace:
        raise statuses.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    if address.name and metadata.get("name") != address.name:
        raise statuses.bad_request(
            f"the name of the object ({metadata.get('name')}) does not match the name on the URL"
            f" ({address.name})"
        )
    return body
