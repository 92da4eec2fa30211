"""The administrator's connection to the API server, from inside the cluster's namespaces.

One TLS connection is kept open: the node's own programs ask several times a second.
"""

import http.client
import json
import ssl
from pathlib import Path
from typing import Any

from berth_local.cluster.layout import API_ADDRESS, NODE_NAME


class ApiRefusal(Exception):
    """The API server answered with an error. `status` is the HTTP status."""

    def __init__(self, method: str, path: str, status: int, body: bytes) -> None:
        super().__init__(f"{method} {path}: {status} {body[:300].decode(errors='replace')}")
        self.status = status


UNREACHABLE = (OSError, http.client.HTTPException)
"""What a call raises when the server cannot be asked at all."""


class ApiServer:
    """Not for two threads at once."""

    def __init__(self, pki: Path, timeout: float = 10) -> None:
        context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
        context.load_cert_chain(str(pki / "admin.crt"), str(pki / "admin.key"))
        self._connection = http.client.HTTPSConnection(
            API_ADDRESS, context=context, timeout=timeout
        )

    def raw(self, method: str, path: str, body: Any = None) -> bytes:
        """:raises ApiRefusal: the status was not one of success. :raises UNREACHABLE: no answer."""
        content = None if body is None else json.dumps(body)
        try:
            self._connection.request(method, path, content, {"Content-Type": "application/json"})
            response = self._connection.getresponse()
            answer = response.read()
        except UNREACHABLE:
            # The next request opens a new connection.
            self._connection.close()
            raise
        if response.status >= 300:
            raise ApiRefusal(method, path, response.status, answer)
        return answer

    def get(self, path: str) -> Any:
        """The decoded object or list."""
        return json.loads(self.raw("GET", path))

    def create(self, path: str, document: Any) -> None:
        """Create; an object that is there already is fine."""
        try:
            self.raw("POST", path, document)
        except ApiRefusal as refusal:
            if refusal.status != 409:
                raise

    def answers(self, path: str) -> bool:
        """Whether a GET succeeds."""
        try:
            self.raw("GET", path)
        except (ApiRefusal, *UNREACHABLE):
            return False
        return True

    def node_is_ready(self, name: str = NODE_NAME) -> bool:
        """Whether the node reports the condition Ready."""
        try:
            conditions = self.get(f"/api/v1/nodes/{name}").get("status", {}).get("conditions", [])
        except (ApiRefusal, *UNREACHABLE):
            return False
        return any(
            condition["type"] == "Ready" and condition["status"] == "True"
            for condition in conditions
        )


class Listing:
    """A list that is asked for again and again, and decoded only when its bytes have changed."""

    def __init__(self, api: ApiServer, path: str) -> None:
        self._api = api
        # Version 0: from the server's own cache, without a read of etcd.
        self._path = f"{path}?resourceVersion=0"
        self._bytes = b""
        self.items: list[dict[str, Any]] = []

    def refresh(self) -> bool:
        """Ask; the answer is in `items`. Returns whether it differs from the one before."""
        answer = self._api.raw("GET", self._path)
        if answer == self._bytes:
            return False
        self.items = json.loads(answer).get("items") or []
        self._bytes = answer
        return True
