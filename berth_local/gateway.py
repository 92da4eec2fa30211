"""The deployed application behind Chalice's own local gateway, on a threaded server with TLS.

The application is the one that Lambda runs; this module only brings requests to it in the shape of
API Gateway's proxy events, within API Gateway's limits.
"""

import base64
import gzip
import ssl
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from chalice.app import Chalice
from chalice.config import Config
from chalice.local import (
    ChaliceRequestHandler,
    LambdaEventConverter,
    LocalChalice,
    LocalGateway,
    RouteMatcher,
)

MAX_BODY_BYTES = 10 * 1024 * 1024
"""What API Gateway takes at most."""
LAMBDA_TIMEOUT_SECONDS = 25
"""As in ``.chalice/config.json``."""
COMPRESSED_FROM = 1024
"""Bytes; ``minimum_compression_size`` in ``.chalice/config.json``."""
IDLE_SECONDS = 75
"""A connection that says nothing for this long is closed."""

_NOBODY = (
    "accessKey",
    "accountId",
    "caller",
    "cognitoAuthenticationProvider",
    "cognitoAuthenticationType",
    "cognitoIdentityId",
    "cognitoIdentityPoolId",
    "user",
    "userArn",
)


class ProxyEvents(LambdaEventConverter):
    """Requests as API Gateway's proxy events, with every field that AWS's sample event has."""

    def create_lambda_event(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None = None
    ) -> dict[str, Any]:
        """Return the event. Raises ValueError when no route matches the path."""
        base: dict[str, Any] = super().create_lambda_event(method, path, dict(headers), None)
        split = urlsplit(path)
        query = parse_qs(split.query, keep_blank_values=True)
        base["requestContext"] |= self._context(base, method, split.path)
        text, is_base64 = _body(body)
        return base | {
            "resource": base["requestContext"]["resourcePath"],
            "path": split.path,
            "httpMethod": method,
            "multiValueHeaders": {name: [value] for name, value in base["headers"].items()},
            "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
            "body": text,
            "isBase64Encoded": is_base64,
        }

    def _context(self, base: Mapping[str, Any], method: str, path: str) -> dict[str, Any]:
        now = datetime.now(UTC)
        agent = base["headers"].get("user-agent")
        return {
            "accountId": "000000000000",
            "apiId": "local",
            "resourceId": "local",
            "stage": "local",
            "requestId": str(uuid.uuid4()),
            "requestTime": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "requestTimeEpoch": int(now.timestamp() * 1000),
            "protocol": "HTTP/1.1",
            "httpMethod": method,
            "path": path,  # as behind a custom domain: without the stage
            "identity": {
                **dict.fromkeys(_NOBODY),
                "sourceIp": self.LOCAL_SOURCE_IP,
                "userAgent": agent,
            },
        }


def _body(body: bytes | None) -> tuple[str | None, bool]:
    """Return the body as text, or in base 64 where it is none."""
    if body is None:
        return None, False
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


class _Handler(ChaliceRequestHandler):
    """Chalice's handler with API Gateway's limits, quiet on the terminal."""

    timeout = IDLE_SECONDS
    server_version = "berth"
    sys_version = ""

    def __init__(
        self, request: Any, client: tuple[str, int], server: HTTPServer, *, gateway: LocalGateway
    ) -> None:
        # Chalice's own constructor would build a gateway for each connection.
        self.local_gateway = gateway
        BaseHTTPRequestHandler.__init__(self, request, client, server)

    def handle_one_request(self) -> None:
        """Answer one request; a client that went away ends its connection and nothing else."""
        try:
            super().handle_one_request()
        except (ConnectionError, ssl.SSLError, TimeoutError):
            self.close_connection = True

    def _generic_handle(self) -> None:
        length = self.headers.get("content-length", "0")
        chunked = "transfer-encoding" in self.headers
        if chunked or not (length.isascii() and length.isdecimal()):
            self._refuse(HTTPStatus.LENGTH_REQUIRED)
        elif int(length) > MAX_BODY_BYTES:
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            super()._generic_handle()

    def _send_http_response_with_body(self, code: int, headers: Any, body: str | bytes) -> None:
        """Send a body, compressed where the client takes that, as API Gateway does by our settings."""
        content = body if isinstance(body, bytes) else body.encode()
        accepted = self.headers.get("accept-encoding", "")
        if len(content) >= COMPRESSED_FROM and "gzip" in accepted and code == HTTPStatus.OK:
            content = gzip.compress(content, 5, mtime=0)
            headers = {**headers, "Content-Encoding": "gzip", "Vary": "Accept-Encoding"}
        super()._send_http_response_with_body(code, headers, content)

    def _refuse(self, status: HTTPStatus) -> None:
        self.close_connection = True
        self._send_http_response(
            status,
            {"Content-Type": "application/problem+json", "Connection": "close"},
            f'{{"title": "{status.phrase}", "status": {status.value}}}',
        )

    def log_message(self, *_: object) -> None:
        """Say nothing: the application logs its requests, without what is secret in them."""


for _method in ("GET", "PUT", "POST", "HEAD", "DELETE", "PATCH", "OPTIONS"):
    setattr(_Handler, f"do_{_method}", _Handler._generic_handle)  # noqa: SLF001 - our own class


class _Server(ThreadingHTTPServer):
    """Shakes hands in the connection's thread, so that a slow client holds up nobody."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that went away in the middle."""


def serve(
    app: Chalice, address: tuple[str, int], tls: ssl.SSLContext | None
) -> ThreadingHTTPServer:
    """Return a listening server of the application; ``serve_forever`` runs it.

    The application must not be served twice in a process: its request becomes one per thread.
    """
    _make_threaded(app)
    config = Config(
        chalice_stage="local",
        user_provided_params={"lambda_timeout": LAMBDA_TIMEOUT_SECONDS},
        config_from_disk={"app_name": app.app_name},
    )
    gateway = LocalGateway(app, config)
    gateway.event_converter = ProxyEvents(RouteMatcher(list(app.routes)), app.api.binary_types)
    handler = partial(_Handler, gateway=gateway)
    server = _Server(address, handler)
    if tls is not None:
        server.socket = tls.wrap_socket(
            server.socket, server_side=True, do_handshake_on_connect=False
        )
    return server


def _make_threaded(app: Chalice) -> None:
    """Give each thread its own current request, as Chalice's development server does."""
    if not isinstance(app, LocalChalice):
        app.__class__ = type("ThreadedChalice", (LocalChalice, type(app)), {})
