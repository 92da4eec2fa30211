"""The verbs of the Kubernetes API that Berth uses, on raw JSON; a watch is read as it was asked for.

LIST asks for gzip (16 times smaller), watches do not (the decoder would hold events back). PATCH
asks for metadata alone (half the bytes).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import msgspec

from berth_kube.errors import NotFound, error_of
from berth_kube.kinds import Kind, kind_of
from berth_kube.messages import JSON
from berth_kube.projections import Partial
from berth_kube.transport import TIMEOUT, Request, Response, Stream, Transport

T = TypeVar("T")
Object = dict[str, Any]
"""A Kubernetes object as JSON."""

METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"
METADATA_LIST = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_APPLY = "application/apply-patch+yaml"  # JSON is YAML


class Client:
    """Thread-safe. Every call raises ``KubernetesError``.

    ``before_write`` is called ahead of each request that changes something; what it raises stops
    the request (a leader that lost its Lease must not write).
    """

    def __init__(
        self,
        transport: Transport,
        *,
        manager: str,
        before_write: Callable[[], None] = lambda: None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self._transport = transport
        self._manager = manager
        self._before_write = before_write
        self._timeout = timeout

    def get(self, kind: Kind, name: str, projection: type[T], *, namespace: str = "") -> T | None:
        """Read one object as ``projection`` from the store itself; None when there is none."""
        accept = METADATA_ONLY if projection is Partial else JSON
        try:
            answer = self._send("GET", kind.path(namespace, name), headers={"Accept": accept})
        except NotFound:
            return None
        return msgspec.json.decode(answer.body, type=projection)

    def list_page(self, kind: Kind, query: Mapping[str, str], namespace: str = "") -> bytes:
        """One page of a LIST, undecoded; ``query`` as the API's (limit, continue, labelSelector)."""
        headers = {"Accept": JSON, "Accept-Encoding": "gzip"}
        return self._send("GET", kind.path(namespace), query=query, headers=headers).body

    def list_metadata(
        self, kind: Kind, *, namespace: str, selector: str = "", fields: str = ""
    ) -> list[Partial]:
        """Metadata of all objects of a namespace that carry the labels and have the fields."""
        found: list[Partial] = []
        query = {"labelSelector": selector, "limit": "500"}
        if fields:
            query["fieldSelector"] = fields
        headers = {"Accept": METADATA_LIST, "Accept-Encoding": "gzip"}
        while True:
            answer = self._send("GET", kind.path(namespace), query=query, headers=headers)
            page = msgspec.json.decode(answer.body, type=_PartialList)
            found += page.items or []  # null when there is none
            if not page.metadata.next_page:
                return found
            query = {**query, "continue": page.metadata.next_page}

    def watch(
        self,
        kind: Kind,
        query: Mapping[str, str],
        *,
        namespace: str,
        silence: float,
        accept: Iterable[str] = (JSON,),
    ) -> AbstractContextManager[Stream]:
        """Open a watch that breaks off after ``silence`` seconds without a byte.

        ``accept``: content types that the caller can read, the best first.
        """
        return self._transport.stream(
            Request(
                "GET",
                kind.path(namespace),
                query={**query, "watch": "1"},
                headers={"Accept": ", ".join(accept)},
                timeout=(self._timeout[0], silence),
            )
        )

    def create(self, body: Object) -> Partial:
        """Raises ``Conflict`` with reason ``AlreadyExists`` when it does."""
        kind, namespace, _ = _address(body)
        return self._write("POST", kind.path(namespace), body, JSON)

    def replace(self, body: Object) -> Partial:
        """Compare and swap: ``Conflict`` unless ``metadata.resourceVersion`` is the live one."""
        kind, namespace, name = _address(body)
        return self._write("PUT", kind.path(namespace, name), body, JSON)

    def apply(self, body: Object) -> Partial:
        """Server-side apply by force. Identical content makes no new resourceVersion.

        With ``metadata.resourceVersion`` it is a compare-and-swap like ``replace``.
        """
        kind, namespace, name = _address(body)
        return self._write("PATCH", kind.path(namespace, name), body, _APPLY)

    def delete(self, kind: Kind, name: str, *, namespace: str = "", uid: str = "") -> bool:
        """Delete in the background; False when there was none. ``uid``: only that very object."""
        body: Object = {"propagationPolicy": "Background"}
        if uid:
            body["preconditions"] = {"uid": uid}
        self._before_write()
        try:
            self._send("DELETE", kind.path(namespace, name), body=msgspec.json.encode(body))
        except NotFound:
            return False
        return True

    def _write(self, method: str, path: str, body: Object, content_type: str) -> Partial:
        self._before_write()
        query = {"fieldManager": self._manager}
        if content_type == _APPLY:
            query["force"] = "true"
        headers = {"Accept": METADATA_ONLY, "Content-Type": content_type}
        answer = self._send(
            method, path, query=query, body=msgspec.json.encode(body), headers=headers
        )
        return msgspec.json.decode(answer.body, type=Partial)

    def _send(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        sent = {"Content-Type": JSON, **(headers or {})} if body else headers or {}
        request = Request(method, path, query or {}, body, sent, self._timeout)
        answer = self._transport.send(request)
        if answer.status >= 300:
            raise error_of(answer.status, answer.body, answer.headers)
        return answer


class _ListMetadata(msgspec.Struct):
    next_page: str = msgspec.field(name="continue", default="")


class _PartialList(msgspec.Struct):
    metadata: _ListMetadata
    items: list[Partial] | None = None


def _address(body: Object) -> tuple[Kind, str, str]:
    """Kind, namespace and name of an object. Raises ``ValueError`` for a kind Berth knows not."""
    kind = kind_of(body.get("apiVersion", ""), body.get("kind", ""))
    if kind is None:
        raise ValueError(f"unknown kind {body.get('apiVersion')} {body.get('kind')}")
    metadata = body["metadata"]
    return kind, metadata.get("namespace", ""), metadata["name"]
